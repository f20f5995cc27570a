import json
import shutil
import sys
import tempfile
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1] / "Judges")]

from terminal import REPOSITORY, Terminal, binary  # noqa: E402

MODEL = REPOSITORY / "sessions/mnist_cnn.onnx"
DATA = REPOSITORY / "sessions/mnist5k_data.npz"
SAMPLE = REPOSITORY / "sessions/mnist_cnn.octet.json"


def pytest_configure(config):
    if not binary().exists():
        pytest.exit(f"{binary()} is not there: run make build, or set OCTET", returncode=2)
    if shutil.which("tmux") is None:
        pytest.exit("tmux is not there: run make install-test", returncode=2)


@pytest.fixture
def tmp_path():
    """A folder with a short name, as people's are, so that messages about its files fit."""
    with tempfile.TemporaryDirectory(prefix="o-") as folder:
        yield Path(folder)


@pytest.fixture
def terminal(tmp_path):
    """Opens terminals, and closes them when the test ends."""
    opened = []

    def open_terminal(size=(100, 30), **environment):
        opened.append(Terminal(tmp_path, size, environment))
        return opened[-1]

    yield open_terminal
    for one in opened:
        one.kill()


@pytest.fixture
def sample(tmp_path):
    """The sample with its data, copied, so that nothing in the repository changes."""
    folder = tmp_path / "sessions"
    folder.mkdir()
    for file in (MODEL, DATA, SAMPLE):
        shutil.copy(file, folder / file.name)
    return folder / SAMPLE.name


@pytest.fixture
def long_data(tmp_path):
    """Enough samples that a calibration is still running when the next key comes."""
    import numpy as np
    file = tmp_path / "long.npz"
    with np.load(DATA) as members:
        np.savez(file, input=np.tile(members["train_x"], (60, 1, 1, 1)))
    return file


def session(path):
    return json.loads(Path(path).read_text())
