"""The commands of Documentation/QuantizationInPractice.md, with what they print."""

import os
import re
import shutil
import subprocess

import models
from program import REPOSITORY, binary

PAGE = REPOSITORY / "Documentation/QuantizationInPractice.md"


def blocks(kind):
    return re.findall(rf"```{kind}\n(.*?)```", PAGE.read_text(), re.DOTALL)


def steps():
    """Commands with the text that is expected of each; `…` stands for anything."""
    for block in blocks("console"):
        for step in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, expected = step.partition("\n")
            yield command, expected


def pattern(expected):
    """Lines of nothing but `…` are any number of lines."""
    parts = []
    for line in expected.splitlines():
        if line == "…":
            parts.append(r"(?:.*\n)*?")
        else:
            parts.append(".*?".join(map(re.escape, line.split("…"))) + r" *\n")
    return re.compile("".join(parts))


def test_the_commands_print_what_the_page_says(tmp_path):
    for name in models.TOY_LENGTHS:
        shutil.copy(models.path(name), tmp_path)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/octet").symlink_to(binary())
    count = 0
    for command, expected in steps():
        done = subprocess.run(
            command, shell=True, cwd=tmp_path, capture_output=True, text=True, timeout=120,
            env={**os.environ, "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}"})
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        assert pattern(expected).fullmatch(done.stdout), f"{command}\n{done.stdout}\nnot\n{expected}"
        count += 1
    assert count > 10
