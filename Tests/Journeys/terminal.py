"""A terminal that a test types into: one tmux server of its own, with a shell in it."""

import itertools
import contextlib
import os
import re
import shlex
import signal
import subprocess
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
PROMPT = "ready>"
PATIENCE = 40
_numbers = itertools.count()


def binary():
    """The program that `OCTET` names, or the release build."""
    return Path(os.environ.get("OCTET", REPOSITORY / ".build/release/octet")).resolve()


class Terminal:
    """Starts a shell; `start` types a command into it, so that what comes after it shows."""

    def __init__(self, home, size=(100, 30), environment=None):
        self.server = f"octet-{os.getpid()}-{next(_numbers)}"
        self.home = Path(home)
        variables = {
            "HOME": str(home), "XDG_STATE_HOME": str(self.home / "state"),
            "XDG_CONFIG_HOME": str(self.home / "config"), "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8",
            "TERM": "tmux-256color", "PS1": PROMPT + " ", "PATH": os.environ["PATH"],
            "HISTFILE": "/dev/null", **(environment or {}),
        }
        given = [f"{name}={value}" for name, value in variables.items()]
        self.tmux("-f", "/dev/null", "new-session", "-d", "-x", str(size[0]), "-y", str(size[1]),
                  "-c", str(home), shlex.join(["env", "-i", *given, "bash", "--norc",
                                               "--noprofile"]))
        self.tmux("set-option", "-s", "escape-time", "0")
        self.tmux("set-option", "-g", "status", "off")
        self.tmux("set-option", "-g", "window-size", "manual")
        self.resize(*size)
        self.wait_for(PROMPT)

    def tmux(self, *arguments):
        done = subprocess.run(["tmux", "-u", "-L", self.server, *arguments], capture_output=True,
                              text=True)
        assert done.returncode == 0, f"tmux {arguments}: {done.stderr}"
        return done.stdout

    def start(self, *arguments):
        self.type(shlex.join([str(binary()), *map(str, arguments)]))
        self.keys("Enter")

    def type(self, text):
        self.tmux("send-keys", "-l", "--", text)

    def keys(self, *names):
        """Keys by their tmux names; single letters are themselves."""
        self.tmux("send-keys", "--", *names)

    def command(self, line):
        """A line of the workbench's command line."""
        self.keys(":")
        self.type(line)
        self.keys("Enter")

    def screen(self):
        return self.tmux("capture-pane", "-p")

    def shows(self, format):
        return self.tmux("display-message", "-p", format).strip()

    def resize(self, width, height):
        self.tmux("resize-window", "-x", str(width), "-y", str(height))

    def wait_until(self, holds, what, patience=PATIENCE):
        """Looks until `holds(screen)`; the test fails with the last screen otherwise."""
        end = time.monotonic() + patience
        while True:
            screen = self.screen()
            found = holds(screen)
            if found:
                return found
            assert time.monotonic() < end, f"{what} did not come:\n{screen}"
            time.sleep(0.05)

    def wait_for(self, text, patience=PATIENCE):
        self.wait_until(lambda screen: text in screen, repr(text), patience)
        return self.screen()

    def wait_for_match(self, pattern, patience=PATIENCE):
        return self.wait_until(lambda screen: re.search(pattern, screen), pattern, patience)

    def wait_gone(self, text, patience=PATIENCE):
        self.wait_until(lambda screen: text not in screen, f"an end of {text!r}", patience)

    def wait_for_shell(self):
        """Waits for octet to end; the main screen is back then, with a prompt at its end."""
        self.wait_until(
            lambda screen: self.shows("#{alternate_on}") == "0"
            and screen.rstrip().endswith(PROMPT), "the shell")

    def process(self):
        """The process id of the octet that runs in this terminal."""
        shell = self.shows("#{pane_pid}")
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            children = Path(f"/proc/{shell}/task/{shell}/children").read_text().split()
            for child in children:
                # A child may be gone by the time it is looked at.
                with contextlib.suppress(FileNotFoundError):
                    if os.path.realpath(f"/proc/{child}/exe") == str(binary()):
                        return int(child)
            time.sleep(0.05)
        raise AssertionError("octet does not run")

    def crash(self):
        """Ends octet as a crash would, with nothing restored."""
        process = self.process()
        os.kill(process, signal.SIGKILL)
        self.wait_until(lambda _: not os.path.exists(f"/proc/{process}"), "the end")
        # A killed program restores nothing; the person types reset.
        self.keys("C-c")
        self.type("stty sane; tput rmcup; clear")
        self.keys("Enter")
        self.wait_for_shell()

    def status(self):
        """Exit status of the last command, asked of the shell."""
        self.keys("C-l")
        self.type("echo status-$?.")
        self.keys("Enter")
        return int(self.wait_for_match(r"status-(\d+)\.")[1])

    def kill(self):
        """Ends the server and waits for what ran in it, which may be writing still."""
        shell = self.shows("#{pane_pid}")
        children = Path(f"/proc/{shell}/task/{shell}/children").read_text().split()
        subprocess.run(["tmux", "-L", self.server, "kill-server"], capture_output=True)
        end = time.monotonic() + PATIENCE
        while any(Path(f"/proc/{one}").exists() for one in [shell, *children]):
            assert time.monotonic() < end, "octet outlives its terminal"
            time.sleep(0.02)
