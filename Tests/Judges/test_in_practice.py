"""The commands of Documentation/QuantizationInPractice.md, with what they print."""

import os
import re
import shutil
import subprocess

import pytest

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


@pytest.fixture(scope="module")
def printed(tmp_path_factory):
    """What every command of the page prints, run in their order."""
    folder = tmp_path_factory.mktemp("page")
    for name in [*models.TOY_LENGTHS, "mnist_mobilenet_badscale"]:
        shutil.copy(models.path(name), folder)
    for name in ("mnist_cnn.onnx", "mnist5k_data.npz"):
        shutil.copy(REPOSITORY / "sessions" / name, folder)
    (folder / "bin").mkdir()
    (folder / "bin/octet").symlink_to(binary())
    found = {}
    for command, _ in steps():
        done = subprocess.run(
            command, shell=True, cwd=folder, capture_output=True, text=True, timeout=300,
            env={**os.environ, "PATH": f"{folder / 'bin'}:{os.environ['PATH']}"})
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        found[command] = done.stdout
    return found


def test_the_commands_print_what_the_page_says(printed):
    assert len(printed) > 25
    for command, expected in steps():
        text = printed[command]
        assert pattern(expected).fullmatch(text), f"{command}\n{text}\nnot\n{expected}"


def accuracy(printed, model):
    """Percent of the 1,000 digits that nothing was trained on."""
    text = next(text for command, text in printed.items()
                if command.startswith("octet compare") and f" {model} " in command)
    assert "1000 samples" in text
    return float(re.search(r"accuracy: .* → ([\d.]+) %", text).group(1))


def test_training_restores_what_the_page_says(printed):
    for model in ("after.onnx", "narrow.onnx"):
        assert 80 <= accuracy(printed, model) <= 90
    assert accuracy(printed, "trained.onnx") >= 97.5
    assert accuracy(printed, "wide.onnx") >= 97.5
    assert accuracy(printed, "distilled.onnx") >= 97
    assert accuracy(printed, "int4.trained.onnx") >= 98
