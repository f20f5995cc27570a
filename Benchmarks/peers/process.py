"""Processes that are measured as a whole."""

import os
import subprocess
import sys
import tempfile
import time


def finished(arguments):
    """Seconds from start to end, and the most bytes it held, of a command that must succeed."""
    with tempfile.TemporaryFile("w+") as said:
        start = time.perf_counter()
        process = subprocess.Popen(
            [str(argument) for argument in arguments], stdout=said, stderr=said)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            said.seek(0)
            sys.exit(f"{' '.join(map(str, arguments))}\n{said.read()}")
    return seconds, usage.ru_maxrss * 1024
