import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import models  # noqa: E402
from program import answer, binary, run, succeed  # noqa: E402


def pytest_configure(config):
    if not binary().exists():
        pytest.exit(f"{binary()} is not there: run make build, or set OCTET", returncode=2)


@pytest.fixture(scope="session")
def workshop(tmp_path_factory):
    """Models, data and quantized models, each made once."""
    return Workshop(tmp_path_factory.mktemp("workshop"))


def limit(name):
    """Samples to calibrate with: all there are for small models."""
    return 32 if name in models.LARGE + [models.MAGIKA] else 256


class Workshop:
    def __init__(self, folder):
        self.folder = folder
        self.made = {}

    def data(self, name):
        models.path(name)
        key = ("data", name)
        if key not in self.made:
            self.made[key] = models.data(name, self.folder)
        return self.made[key]

    def session(self, name):
        """A calibrated session."""
        key = ("session", name)
        if key not in self.made:
            file = self.folder / f"{name}.octet.json"
            succeed("calibrate", models.path(name), *self.data(name).arguments, "--limit",
                    limit(name), "--threads", 2, "-o", file)
            self.made[key] = file
        return self.made[key]

    def quantized(self, name, *options):
        """The exported int8 model and what quantize said of it."""
        key = ("quantized", name, options)
        if key not in self.made:
            file = self.folder / f"{name}.{len(self.made)}.int8.onnx"
            report = answer("quantize", models.path(name), *self.data(name).arguments, "--limit",
                            limit(name), "--threads", 2, "-o", file, *options)
            self.made[key] = (file, report)
        return self.made[key]

    def run(self, model, inputs, *options):
        folder = self.folder / f"run{len(self.made)}"
        self.made[folder] = folder
        folder.mkdir()
        return run(model, inputs, folder, "--threads", 2, *options)
