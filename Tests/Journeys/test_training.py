"""Training from the keyboard, and what a kill leaves of it."""

import json
import re
import subprocess

import pytest

from conftest import session
from terminal import binary

DATA = "mnist5k_data.npz"


@pytest.fixture
def model(sample, tmp_path):
    """The sample's model with channels of very different sizes, so that int8 loses much of it and
    training has something to win back."""
    import numpy as np
    import onnx
    from onnx import numpy_helper
    model = onnx.load(sample.parent / "mnist_cnn.onnx")
    values = {one.name: numpy_helper.to_array(one) for one in model.graph.initializer}
    random = np.random.default_rng(1)
    for norm, reader in [("1", "3"), ("4", "7"), ("8", "10")]:
        factors = np.exp2(random.uniform(-4, 4, values[f"{norm}.weight"].shape))
        for name in [f"{norm}.weight", f"{norm}.bias"]:
            values[name] = values[name] * factors
        values[f"{reader}.weight"] = values[f"{reader}.weight"] / factors[None, :, None, None]
    for one in model.graph.initializer:
        one.CopyFrom(numpy_helper.from_array(values[one.name].astype(np.float32), one.name))
    onnx.save(model, tmp_path / "uneven.onnx")
    with np.load(sample.parent / DATA) as members:
        np.savez(tmp_path / "train.npz", input=np.float32(members["train_x"][:800]) / 255,
                 labels=members["train_y"][:800])
    return tmp_path / "uneven.onnx"


def prepare(window, *options):
    """Opens the data, calibrates, and goes to the Train tab."""
    window.command("data train.npz")
    window.wait_for("Data: train.npz")
    window.keys("2", "r")
    window.wait_for("Calibrated:")
    window.keys("5")
    for option in options:
        window.command(f"training {option}")
        window.wait_for(f"Training: {option}")


def saved(window, path):
    window.command(f"save {path}")
    window.wait_for(f"Saved {path}")
    return session(path)


def test_training_from_the_keyboard(model, terminal, tmp_path):
    window = terminal((120, 40))
    window.start(model)
    window.wait_for("Opened uneven")
    prepare(window, "rate 0.001")
    # Left and right step through the values.
    window.keys("j", "j", "Right")
    window.wait_for_match(r"epochs +4")
    window.keys("Left", "Left")
    window.wait_for_match(r"epochs +2")
    window.keys("r", "Space")
    window.wait_for("paused")
    frozen = re.search(r"batch (\d+)/23", window.screen())
    window.keys("Space")
    window.wait_for("Trained, ")
    assert frozen is None or int(frozen[1]) <= 23
    window.wait_for_match(r"best: epoch [12]")
    window.wait_for("QAT int8, epoch")
    window.keys("K")
    window.wait_for("Trained weights are in force")
    assert "uneven trained" in window.screen()

    # All else works with them.
    window.keys("e")
    window.wait_for_match(r"accuracy [\d.]+% → [\d.]+%")
    window.keys("X")
    window.wait_for("Export the int8 model")
    window.keys("C-u")
    window.type(str(tmp_path / "mine.int8.onnx"))
    window.keys("Enter")
    window.wait_for("Exported")

    # And are taken back, and put in force again.
    window.keys("u")
    window.wait_for("Undone: trained weights")
    window.wait_gone("uneven trained")
    window.keys("C-r")
    window.wait_for("Redone: trained weights")
    window.wait_for("uneven trained")
    document = saved(window, tmp_path / "a.octet.json")
    record, = document["trainings"]
    assert record["settings"]["epochs"] == 2 and (tmp_path / record["weights"]["path"]).exists()
    window.keys("q")
    window.wait_for_shell()
    assert not list((tmp_path / "state/octet/trainings").glob("*.npz"))

    # The session holds it: exported again, replayed, opened again.
    again = tmp_path / "again.onnx"
    for arguments in [["convert", tmp_path / "a.octet.json", "-o", again],
                      ["replay", "--check", tmp_path / "a.octet.json"]]:
        done = subprocess.run([binary(), *arguments], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    assert again.read_bytes() == (tmp_path / "mine.int8.onnx").read_bytes()
    window.start(tmp_path / "a.octet.json")
    window.wait_for("uneven trained")
    window.keys("5")
    window.wait_for("QAT int8, epoch")


def test_training_is_stopped_and_discarded(model, terminal):
    window = terminal((80, 24))
    window.start(model)
    window.wait_for("Opened uneven")
    prepare(window, "epochs 400", "layers worst 2")
    window.keys("r")
    window.wait_for_match(r"epoch [2-9]/400")
    window.keys("s")
    window.wait_for("K keeps it, D discards it")
    window.keys("r")
    window.wait_for("first")
    window.keys("D")
    window.wait_for("Discard the trained weights?")
    window.keys("D")
    assert "Discard the trained weights?" in window.screen()
    window.keys("y")
    window.wait_for("Not trained")
    assert "uneven trained" not in window.screen()


def test_cancelling_drops_a_training(model, terminal, tmp_path):
    window = terminal((100, 30))
    window.start(model)
    window.wait_for("Opened uneven")
    prepare(window, "epochs 400")
    window.keys("r")
    window.wait_for_match(r"epoch [2-9]/400")
    assert list((tmp_path / "state/octet/trainings").glob("*.npz"))
    window.keys("C-x")
    window.wait_for("the training was dropped")
    window.wait_until(
        lambda _: not list((tmp_path / "state/octet/trainings").glob("*.npz")),
        "the end of the checkpoint")


def test_keys_are_answered_while_it_trains(model, terminal):
    window = terminal((100, 30))
    window.start(model)
    window.wait_for("Opened uneven")
    prepare(window, "epochs 400")
    window.keys("r")
    window.wait_for_match(r"epoch [2-9]/400")
    for key, word in [("1", "edits activation"), ("2", "Watched tensors"), ("6", "octet calibrate"),
                      ("5", "Scale drift")]:
        window.keys(key)
        window.wait_for(word, patience=1)
    window.keys("q")
    window.wait_for("Quit while training?")
    window.keys("Escape", "C-x")
    window.wait_for("dropped")


def test_the_sample_asks_how_its_bytes_are_fed(sample, terminal):
    window = terminal((100, 30))
    window.start(sample)
    window.wait_for("Opened mnist_cnn")
    window.keys("5")
    window.command("training epochs 1")
    window.command("training samples 256")
    window.keys("r")
    window.wait_for("these look like 8-bit")
    window.wait_for("> scale=1/255")
    window.keys("Enter")
    window.wait_for("Trained, ")


def unbroken(model, tmp_path, terminal, options):
    """The session of a training that nothing disturbed."""
    window = terminal((100, 30))
    window.start(model)
    window.wait_for("Opened uneven")
    prepare(window, *options)
    window.keys("r")
    window.wait_for("K keeps it", patience=90)
    window.keys("K")
    window.wait_for("Trained weights are in force")
    document = saved(window, tmp_path / "unbroken.octet.json")
    window.keys("q")
    window.wait_for_shell()
    return document


@pytest.mark.parametrize("named", [True, False])
def test_a_killed_training_goes_on_to_the_same_end(named, model, terminal, tmp_path):
    options = ["epochs 20", "rate 0.001"]
    expected = unbroken(model, tmp_path, terminal, options)
    window = terminal((100, 30))
    window.start(model)
    window.wait_for("Opened uneven")
    prepare(window, *options)
    broken = tmp_path / "broken.octet.json"
    if named:
        saved(window, broken)
    window.keys("r")
    window.wait_for_match(r"epoch ([3-9]|1\d)/20")
    places = [tmp_path, tmp_path / "state/octet"]
    window.wait_until(
        lambda _: [one for place in places for one in place.glob(".*.autosave")
                   if "unfinishedTraining" in one.read_text()], "the training in an autosave")
    window.crash()
    checkpoint, = (tmp_path / "state/octet/trainings").glob("*.npz")
    assert not list((tmp_path / "state/octet/trainings").glob("*.tmp*"))
    window.start(broken if named else model)
    window.wait_for("Recover unsaved work?")
    window.wait_for("A training was under way")
    window.keys("y")
    window.wait_for("Go on with the training?")
    window.keys("y")
    window.wait_for("goes on")
    window.wait_for("K keeps it", patience=90)
    window.keys("K")
    window.wait_for("Trained weights are in force")
    document = saved(window, broken)
    window.keys("q")
    window.wait_for_shell()

    assert not checkpoint.exists()
    found, = document["trainings"]
    wanted, = expected["trainings"]
    assert found["result"] == wanted["result"]
    assert found["weights"]["sha256"] == wanted["weights"]["sha256"]
    assert document["statistics"]["edges"] == expected["statistics"]["edges"]
    models = []
    for name in ["broken", "unbroken"]:
        done = subprocess.run(
            [binary(), "convert", tmp_path / f"{name}.octet.json", "-o", tmp_path / f"{name}.onnx"],
            capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        models.append((tmp_path / f"{name}.onnx").read_bytes())
    assert models[0] == models[1]


def test_kept_weights_survive_a_kill_before_they_are_saved(model, terminal, tmp_path):
    window = terminal((100, 30))
    window.start(model)
    window.wait_for("Opened uneven")
    prepare(window, "epochs 1")
    window.keys("r")
    window.wait_for("K keeps it")
    window.keys("K")
    window.wait_for("Trained weights are in force")
    window.wait_until(
        lambda _: [one for one in (tmp_path / "state/octet").glob(".*.autosave")
                   if '"trainings"' in one.read_text()], "the weights in an autosave")
    window.crash()
    window.start(model)
    window.wait_for("Recover unsaved work?")
    window.keys("y")
    window.wait_for("uneven trained")
    file = tmp_path / "saved.octet.json"
    document = saved(window, file)
    window.keys("q")
    window.wait_for_shell()
    # They lie beside the session now, and nowhere else.
    assert (tmp_path / document["trainings"][0]["weights"]["path"]).exists()
    assert not list((tmp_path / "state/octet/trainings").iterdir())
    done = subprocess.run([binary(), "replay", "--check", file], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_an_unfinished_training_is_saved_on_leaving(model, terminal, tmp_path):
    window = terminal((100, 30))
    window.start(model)
    window.wait_for("Opened uneven")
    prepare(window, "epochs 400")
    file = tmp_path / "left.octet.json"
    saved(window, file)
    window.keys("r")
    window.wait_for_match(r"epoch [2-9]/400")
    window.keys("q")
    window.wait_for("Quit while training?")
    window.keys("y")
    window.wait_for("Save the session before quitting?")
    window.keys("s")
    window.wait_for_shell()
    assert json.loads(file.read_text())["unfinishedTraining"]["checkpoint"]
    window.start(file)
    window.wait_for("Go on with the training?")
    window.keys("y")
    epoch = window.wait_for_match(r"epoch (\d+)/400")
    assert int(epoch[1]) >= 2
    window.keys("s")
    window.wait_for("K keeps it")
    window.keys("q")
    window.wait_for("Save the session")
    window.keys("d")
    window.wait_for_shell()
