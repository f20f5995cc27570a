"""Processes that are measured as a whole.

    python process.py COMMAND [ARGUMENT ...]

prints seconds from start to end and the most bytes that the command held. A process of its own does
it: a child's account of memory begins with what its parent held, which is little here.
"""

import json
import os
import subprocess
import sys
import tempfile
import time


def finished(arguments):
    """What this file prints of a command that must succeed."""
    done = subprocess.run(
        [sys.executable, "-I", "-S", __file__, *map(str, arguments)], capture_output=True,
        text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, arguments))}\n{done.stderr}")
    return tuple(json.loads(done.stdout))


def main(arguments):
    with tempfile.TemporaryFile("w+") as said:
        start = time.perf_counter()
        process = subprocess.Popen(arguments, stdout=said, stderr=said)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            said.seek(0)
            sys.exit(said.read())
    print(json.dumps([seconds, usage.ru_maxrss * 1024]))


if __name__ == "__main__":
    main(sys.argv[1:])
