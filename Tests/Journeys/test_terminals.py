"""Odd terminals, and terminals after octet has left them."""

import os
import re
import signal

import pytest


def opened(terminal, sample, size=(100, 30), *arguments, **environment):
    window = terminal(size, **environment)
    window.start(*arguments, sample)
    window.wait_for("Opened mnist_cnn")
    return window


def is_restored(window):
    """The main screen, a visible cursor, echo, and lines that Enter ends."""
    window.wait_for_shell()
    assert window.shows("#{cursor_flag}") == "1"
    assert window.shows("#{mouse_any_flag}") == "0"
    assert window.shows("#{keypad_flag}") == "0"
    window.keys("C-l")
    window.type("stty -a; echo end-of-stty.")
    window.keys("Enter")
    flags = window.wait_for("\nend-of-stty.").split()
    assert {"echo", "icanon", "isig", "icrnl", "opost"} <= set(flags)


def test_quitting_restores_the_terminal(terminal, sample):
    window = opened(terminal, sample)
    assert window.shows("#{alternate_on}") == "1"
    window.keys("q")
    is_restored(window)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGABRT, signal.SIGSEGV])
def test_a_signal_restores_the_terminal(number, terminal, sample):
    # Otherwise a crash asks the person at the keyboard whether to show more of it.
    window = opened(terminal, sample, SWIFT_BACKTRACE="enable=no")
    os.kill(window.process(), number)
    is_restored(window)


def test_suspending_and_coming_back(terminal, sample):
    window = opened(terminal, sample)
    window.keys("C-z")
    window.wait_for("Stopped")
    assert window.shows("#{alternate_on}") == "0"
    window.type("fg")
    window.keys("Enter")
    window.wait_for("Layers")
    window.wait_until(lambda _: window.shows("#{alternate_on}") == "1", "the workbench")
    window.keys("q")
    is_restored(window)


@pytest.mark.parametrize("size", [(60, 15), (80, 24), (300, 100)])
def test_sizes(size, terminal, sample):
    window = opened(terminal, sample, size)
    words = {"2": "Data", "3": "layer", "4": "Benchmark", "5": "Options", "6": "Log", "1": "Layers"}
    for key, word in words.items():
        window.keys(key)
        screen = window.wait_for(word)
        assert all(len(line) <= size[0] for line in screen.splitlines())
    assert "q" in window.screen().splitlines()[-1]
    window.keys("q")
    window.wait_for_shell()


@pytest.mark.parametrize("size", [(59, 15), (60, 14), (20, 5), (2, 2), (1, 1)])
def test_a_terminal_that_is_too_small_can_be_left_and_made_larger(size, terminal, sample):
    window = opened(terminal, sample)
    window.resize(*size)
    window.wait_gone("Opened mnist_cnn")
    window.keys("j", "2", "?", "Escape")
    window.resize(100, 30)
    window.wait_for("Watched tensors")
    window.resize(*size)
    window.wait_gone("Watched tensors")
    window.keys("q")
    window.wait_until(lambda _: window.shows("#{alternate_on}") == "0", "the shell")


def test_starting_in_a_terminal_of_one_cell(terminal, sample):
    window = terminal((100, 30))
    window.type("sleep 0.3; clear; ")
    window.start(sample)
    window.resize(1, 1)
    process = window.process()
    window.wait_until(lambda _: window.shows("#{alternate_on}") == "1", "the workbench")
    assert os.path.exists(f"/proc/{process}")
    window.resize(100, 30)
    window.wait_for("mnist_cnn")
    window.keys("q")
    window.wait_until(
        lambda screen: window.shows("#{alternate_on}") == "0" and screen.startswith("ready>"),
        "the shell")


def test_a_dumb_terminal_is_refused_in_words(terminal, sample):
    window = terminal((100, 30), TERM="dumb")
    window.start(sample)
    window.wait_for("octet:")
    assert "dumb" in window.screen()
    assert window.status() in (1, 2)


def test_an_unknown_terminal_is_drawn_as_a_known_one(terminal, sample):
    window = opened(terminal, sample, TERM="nothing-known")
    window.keys("q")
    is_restored(window)


def colours(window):
    """Escape sequences of colour in what is on screen."""
    shown = window.tmux("capture-pane", "-p", "-e")
    runs = re.findall(r"\x1b\[([\d;:]*)m", shown)
    codes = [code for run in runs for code in re.split("[;:]", run)]
    return {code for code in codes if code and (30 <= int(code) <= 38 or 40 <= int(code) <= 48
                                                or 90 <= int(code) <= 107)}


def test_colours_are_there_by_default(terminal, sample):
    assert colours(opened(terminal, sample))


@pytest.mark.parametrize("arguments, environment", [
    ([], {"NO_COLOR": "1"}), (["--no-color"], {}), (["--theme", "mono"], {}),
    (["--theme", "ember"], {"NO_COLOR": "1"}),
], ids=["NO_COLOR", "--no-color", "mono", "NO_COLOR over a theme"])
def test_without_colour(arguments, environment, terminal, sample):
    window = opened(terminal, sample, (100, 30), *arguments, **environment)
    assert not colours(window)


@pytest.mark.parametrize("arguments, environment", [
    (["--ascii"], {}), ([], {"LANG": "C", "LC_ALL": "C"}),
], ids=["--ascii", "LANG=C"])
def test_ascii_only(arguments, environment, terminal, sample):
    window = opened(terminal, sample, (100, 30), *arguments, **environment)
    for key in "12345":
        window.keys(key)
        window.wait_for("quit")
        assert window.screen().isascii(), [c for c in window.screen() if not c.isascii()]


@pytest.mark.parametrize("name", ["xterm-256color", "screen-256color", "xterm", "vt100", "linux"])
def test_other_terminals(name, terminal, sample):
    window = opened(terminal, sample, TERM=name)
    window.keys("Down")
    window.keys("p")
    window.wait_for("unsaved")


@pytest.mark.parametrize("theme", ["light", "high-contrast", "colour-blind", "mono", "ember",
                                   "fjord", "default"])
def test_themes(theme, terminal, sample):
    opened(terminal, sample, (100, 30), "--theme", theme)


def test_an_unknown_theme_is_said_before_the_screen_changes(terminal, sample):
    window = terminal()
    window.start("--theme", "nowhere", sample)
    window.wait_for("There is no theme 'nowhere'")
    assert window.shows("#{alternate_on}") == "0"
    assert "high-contrast" in window.screen()
    assert window.status() == 1
