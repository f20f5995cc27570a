"""What is left of unsaved work after octet was killed."""

import json
import os
import signal
import time

import pytest

from conftest import session


def autosave(path):
    return path.with_name(f".{path.name}.autosave")


def wait_for_file(window, file):
    window.wait_until(lambda _: file.exists(), f"{file.name}")


def test_work_is_recovered_after_a_kill(terminal, sample):
    before = sample.read_bytes()
    window = terminal((100, 30))
    window.start(sample)
    window.wait_for("Opened mnist_cnn")
    window.command("target qnnpack")
    window.wait_for("Target qnnpack")
    wait_for_file(window, autosave(sample))
    window.crash()
    assert sample.read_bytes() == before
    window.start(sample)
    window.wait_for("Recover unsaved work?")
    window.keys("y")
    window.wait_for("qnnpack")
    window.wait_for("unsaved")
    window.keys("C-s")
    window.wait_for("Saved")
    assert session(sample)["recipe"]["target"] == "qnnpack"
    assert not autosave(sample).exists()
    window.keys("q")
    window.wait_for_shell()
    window.start(sample)
    window.wait_for("Opened mnist_cnn")
    assert "Recover" not in window.screen()


@pytest.mark.parametrize("answer", ["d", "Escape"])
def test_recovery_can_be_refused_or_put_off(answer, terminal, sample):
    window = terminal((100, 30))
    window.start(sample)
    window.wait_for("Opened mnist_cnn")
    window.command("target qnnpack")
    wait_for_file(window, autosave(sample))
    window.crash()
    window.start(sample)
    window.wait_for("Recover unsaved work?")
    window.keys(answer)
    window.wait_gone("Recover unsaved work?")
    assert "qnnpack" not in window.screen().splitlines()[0]
    if answer == "d":
        window.wait_until(lambda _: not autosave(sample).exists(), "the end of the autosave")
    else:
        assert autosave(sample).exists()
    window.keys("q")
    window.wait_for_shell()


def test_work_on_a_model_without_a_session_is_recovered(terminal, sample):
    model = sample.parent / "mnist_cnn.onnx"
    window = terminal((100, 30))
    window.start(model)
    window.wait_for("Opened mnist_cnn")
    window.command("target qnnpack")
    state = window.home / "state/octet"
    window.wait_until(lambda _: list(state.glob(".*.autosave")), "an autosave")
    window.crash()
    window.start(model)
    window.wait_for("Recover unsaved work?")
    window.keys("y")
    window.wait_for("qnnpack")


@pytest.mark.parametrize("path", ["session", "model"])
def test_discarded_work_does_not_come_back(path, terminal, sample):
    file = sample if path == "session" else sample.parent / "mnist_cnn.onnx"
    window = terminal((100, 30))
    window.start(file)
    window.wait_for("Opened mnist_cnn")
    window.command("target qnnpack")
    places = [sample.parent, window.home / "state/octet"]
    window.wait_until(
        lambda _: [one for place in places for one in place.glob(".*.autosave")], "an autosave")
    window.keys("q")
    window.wait_for("Save the session before quitting?")
    window.keys("d")
    window.wait_for_shell()
    assert not [one for place in places for one in place.glob(".*.autosave")]


@pytest.mark.parametrize("delay", [0.0, 0.3, 0.42, 0.46, 0.6])
def test_a_kill_at_any_moment_leaves_whole_files(delay, terminal, sample):
    """The autosave follows an edit by 0.4 s; each kill comes at another place around it."""
    before = sample.read_bytes()
    window = terminal((100, 30))
    window.start(sample)
    window.wait_for("Opened mnist_cnn")
    window.keys("p", "s", "o", "f")
    process = window.process()
    window.wait_for("unsaved")
    time.sleep(delay)
    os.kill(process, signal.SIGKILL)
    window.wait_until(lambda _: not os.path.exists(f"/proc/{process}"), "the end")
    assert sample.read_bytes() == before
    if autosave(sample).exists():
        json.loads(autosave(sample).read_text())
    window.keys("C-c")
    window.type("stty sane; tput rmcup; clear")
    window.keys("Enter")
    window.start(sample)
    window.wait_for("mnist_cnn")
    if autosave(sample).exists():
        window.wait_for("Recover unsaved work?")
        window.keys("y")
        window.wait_for("unsaved")


def test_an_unreadable_autosave_is_said_and_the_session_opens(terminal, sample):
    autosave(sample).write_text('{"format": "octet session", "vers')
    window = terminal((300, 30))
    window.start(sample)
    window.wait_for("Recover unsaved work?")
    window.keys("y")
    window.wait_for("not a readable octet session")
    window.wait_for("Layers")
    window.keys("q")
    window.wait_for_shell()


def test_a_session_that_cannot_be_read_leaves_the_chooser(terminal, sample):
    sample.write_text(sample.read_text()[:-200])
    window = terminal((300, 30))
    window.start(sample)
    window.wait_for("not a readable octet session")
    window.command(f"open {sample.parent / 'mnist_cnn.onnx'}")
    window.wait_for("Opened mnist_cnn")


def test_a_model_that_has_changed_is_said(terminal, sample):
    model = sample.parent / "mnist_cnn.onnx"
    content = bytearray(model.read_bytes())
    content[len(content) // 2] ^= 1
    model.write_bytes(content)
    window = terminal((300, 30))
    window.start(sample)
    window.wait_for("digest differs")
    window.keys("q")
    window.wait_for_shell()
