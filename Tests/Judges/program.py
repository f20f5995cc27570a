"""The octet program under test: found, run, and looked at from outside."""

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np

REPOSITORY = Path(__file__).resolve().parents[2]


def binary():
    """The program that `OCTET` names, or the release build."""
    return Path(os.environ.get("OCTET", REPOSITORY / ".build/release/octet")).resolve()


@dataclass
class Result:
    arguments: list
    status: int
    output: str
    errors: str

    def __str__(self):
        return (f"octet {' '.join(map(str, self.arguments))}\nstatus {self.status}\n"
                f"{self.output[-2000:]}\n{self.errors[-2000:]}")

    @property
    def crashed(self):
        """A signal, or the words that a Swift program dies with."""
        words = ("Fatal error", "Illegal instruction", "Program crashed", "Stack dump",
                 "Thread 0", "Backtrace")
        return self.status < 0 or self.status > 3 or any(word in self.errors for word in words)


def octet(*arguments, folder=None, environment=None, timeout=120):
    done = subprocess.run(
        [str(binary()), *map(str, arguments)], cwd=folder, timeout=timeout,
        env={**os.environ, **(environment or {})}, stdin=subprocess.DEVNULL, capture_output=True)
    return Result(list(arguments), done.returncode, done.stdout.decode(errors="replace"),
                  done.stderr.decode(errors="replace"))


def succeed(*arguments, **options):
    result = octet(*arguments, **options)
    assert result.status == 0, result
    return result


def answer(*arguments, **options):
    """What `--json` prints."""
    return json.loads(succeed(*arguments, "--json", **options).output)


def run(model, inputs, folder, *options):
    """Outputs of a model, by name."""
    source, target = Path(folder) / "in.npz", Path(folder) / "out.npz"
    np.savez(source, **inputs)
    succeed("run", model, "--inputs", source, "--outputs", target, *options)
    with np.load(target) as found:
        return {name: found[name] for name in found.files}
