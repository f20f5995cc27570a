"""PyTorch's eager way with real keys: one module alone, layers split by hand, boundaries by hand."""

import subprocess

import onnx

from conftest import DATA, session
from terminal import REPOSITORY, binary

MODEL = REPOSITORY / "Tests/Fixtures/Models/mnist_mobilenet.onnx"


def operators(path):
    return [node.op_type for node in onnx.load(path).graph.node]


def test_one_module_a_split_and_a_boundary(terminal, tmp_path):
    window = terminal((160, 45))
    window.start(MODEL)
    window.wait_for("Opened mnist_mobilenet")
    window.command(f"data {DATA}")
    window.wait_for("Data: mnist5k_data.npz")
    window.command("limit 16")
    window.wait_for("16 samples")
    window.keys("2", "r")
    window.wait_for("Calibrated:")

    # The row of a module: mark what lies in it, then quantize nothing else.
    window.keys("1", "g")
    window.wait_until(lambda screen: "edits activation of this" in screen, "the Layers tab")
    window.command("only /b/0")
    window.wait_for("Only module /b/0 is quantized, int8.")
    window.wait_for_match(r"stem.* fp32")
    window.keys("u")
    window.wait_for("Undone: only module /b/0")
    while "edits activation of this module" not in window.screen():
        window.keys("j")
        window.wait_for("edits activation of this")
    window.wait_for("F quantizes nothing else")
    window.keys("Space")
    window.wait_for_match(r"[1-9]\d* marked")
    window.keys("Escape")
    window.wait_gone("marked")

    # A layer comes apart, and its inner tensor has to be observed.
    window.keys("W")
    window.wait_for("Worst layer")
    window.type("/stem")
    window.keys("Enter", "g", "j")
    window.wait_for("Conv+BN+Clip")
    window.keys("+")
    window.wait_for_match(r"/stem/stem.0/Conv: split|was never observed: calibrate again")
    window.wait_for("Conv+BN (split)")
    window.wait_for("Clip (split)")
    window.keys("2", "r")
    window.wait_for("Calibrated:")
    window.keys("1", "r")
    window.wait_for("readers take reals")
    window.command("export mine.onnx")
    window.wait_for("Exported")
    assert operators(tmp_path / "mine.onnx").count("Clip") >= 1
    window.command("save mine.octet.json")
    window.wait_for("Saved")
    window.keys("q")
    window.wait_for_shell()
    assert window.status() == 0
    scopes = [rule["scope"] for rule in session(tmp_path / "mine.octet.json")["recipe"]["rules"]]
    assert len(scopes) == 2 and scopes[0].startswith("layer=") and scopes[1].startswith("tensor=")

    # The session brings it all back.
    window.start("mine.octet.json")
    window.wait_for("Conv+BN (split)")
    window.keys("q")
    window.wait_for_shell()
    done = subprocess.run(
        [binary(), "convert", tmp_path / "mine.octet.json", "-o", tmp_path / "again.onnx", "--show"],
        capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "Conv, BatchNormalization" in done.stdout
    assert (tmp_path / "again.onnx").read_bytes() == (tmp_path / "mine.onnx").read_bytes()
