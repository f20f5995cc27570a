"""Opens, inspects, prepares, compiles and runs models that were broken at random.

Whatever a file holds, octet ends within ten seconds and a gigabyte, with success or with one message;
it never crashes. `--seed` repeats a run; models that break the rule are kept in a folder.
"""

import argparse
import os
import random as randomness
import resource
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx

sys.path.insert(0, str(Path(__file__).parent))

from mutations import mutated  # noqa: E402
from seeds import seeds  # noqa: E402

REPOSITORY = Path(__file__).resolve().parents[2]
SECONDS = 10
BYTES = 1 << 30
# Beyond this nothing is given out, so that a model cannot take the machine with it.
ADDRESSES = 8 << 30
DEATH = ("Fatal error", "Illegal instruction", "Program crashed", "Stack dump", "Backtrace")


@dataclass
class Outcome:
    number: int
    seed: str
    mutation: str
    command: str
    fault: str = ""
    refused: bool = False


def binary():
    return Path(os.environ.get("OCTET", REPOSITORY / ".build/release/octet")).resolve()


def child(arguments, folder):
    """Runs octet alone: its status, what it said, its seconds and its largest memory in bytes."""
    errors = folder / "errors"
    start = time.monotonic()
    with open(errors, "wb") as stream:
        process = subprocess.Popen(
            [str(binary()), *map(str, arguments)], cwd=folder, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=stream,
            env={**os.environ, "SWIFT_BACKTRACE": "enable=no"},
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (ADDRESSES, ADDRESSES)))
        timer = threading.Timer(SECONDS + 1, process.kill)
        timer.start()
        _, status, usage = os.wait4(process.pid, 0)
        timer.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
    return (process.returncode, errors.read_text(errors="replace"), time.monotonic() - start,
            usage.ru_maxrss * 1024)


def fault(status, said, seconds, memory):
    """What is wrong with an end; nothing, mostly."""
    if seconds > SECONDS:
        return f"took more than {SECONDS} s"
    if status < 0 or status > 3 or any(word in said for word in DEATH):
        return f"status {status}: {said.strip()[-400:]}"
    if memory > BYTES:
        return f"took {memory >> 20} MB"
    # Names in a file may hold what Python takes for the end of a line.
    lines = [line for line in said.split("\n") if line.strip()]
    # Notes may come before it; nothing but lines of octet's own may come at all.
    if status != 2 and any(not line.startswith("octet: ") for line in lines):
        return f"not a message: {said.strip()[-400:]}"
    if status != 0 and not lines:
        return f"status {status} without a word"
    return ""


DTYPES = {
    onnx.TensorProto.FLOAT: np.float32, onnx.TensorProto.DOUBLE: np.float64,
    onnx.TensorProto.INT64: np.int64, onnx.TensorProto.INT32: np.int32,
    onnx.TensorProto.UINT8: np.uint8, onnx.TensorProto.INT8: np.int8,
    onnx.TensorProto.BOOL: np.bool_,
}


def inputs(data, random):
    """Arrays for what the model says it takes, where that can be had at all."""
    model = onnx.ModelProto()
    try:
        model.ParseFromString(data)
    except Exception:
        return {}
    arrays = {}
    given = {tensor.name for tensor in model.graph.initializer}
    for entry in model.graph.input:
        if entry.name in given or not entry.name or "/" in entry.name:
            continue
        kind = entry.type.tensor_type
        extents = [size.dim_value if size.dim_value > 0 else 2 for size in kind.shape.dim]
        if int(np.prod(extents, dtype=object)) > 1 << 20:
            return {}
        numbers = np.random.default_rng(random.randrange(1 << 30)).standard_normal(extents)
        arrays[entry.name] = numbers.astype(DTYPES.get(kind.elem_type, np.float32))
    return arrays


def attempt(number, run_seed, models, keep):
    random = randomness.Random(f"{run_seed}/{number}")
    name, data = random.choice(models)
    mutation, broken = mutated(data, number, run_seed)
    outcomes = []
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        model = folder / "model.onnx"
        model.write_bytes(broken)
        commands = [["inspect", model], ["quantize", model, "--dynamic", "-o", "out.onnx"]]
        arrays = inputs(broken, random) or inputs(data, random)
        np.savez(folder / "in.npz", **arrays)
        extra = random.choice([[], [], ["--simulate"], ["--keep", "all"], ["--isa", "scalar"]])
        if arrays:
            commands.append(["run", model, "--inputs", folder / "in.npz", *extra])
        else:
            commands.append(["run", model, *extra])
        for command in commands:
            status, said, seconds, memory = child(command, folder)
            wrong = fault(status, said, seconds, memory)
            if wrong and seconds > SECONDS and command[0] != "inspect" and b"Loop" in broken:
                # A loop may say that it has 2^62 rounds; whoever runs it gets them.
                wrong = ""
            found = Outcome(number, name, mutation, command[0], wrong, status != 0)
            outcomes.append(found)
            if found.fault:
                keep.mkdir(parents=True, exist_ok=True)
                stem = f"{run_seed}-{number}-{command[0]}"
                (keep / f"{stem}.onnx").write_bytes(broken)
                (keep / f"{stem}.npz").write_bytes((folder / "in.npz").read_bytes())
                (keep / f"{stem}.txt").write_text(
                    f"{name} {mutation}\n{' '.join(map(str, command))}\n{found.fault}\n")
    return outcomes


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--count", type=int, default=5000, help="models to break")
    options.add_argument("--seed", type=int, help="of the random choices; drawn when left out")
    options.add_argument("--first", type=int, default=0, help="begin with this model of the seed")
    options.add_argument("--keep", type=Path, default=REPOSITORY / ".build/fuzz",
                         help="where models go that break the rule")
    chosen = options.parse_args()
    seed = chosen.seed if chosen.seed is not None else randomness.SystemRandom().randrange(1 << 31)
    models = seeds()
    print(f"seed {seed}: {chosen.count} models from {len(models)} seeds", flush=True)
    runs = refused = 0
    faults = []
    with ThreadPoolExecutor(2) as pool:
        numbers = range(chosen.first, chosen.first + chosen.count)
        for outcomes in pool.map(lambda number: attempt(number, seed, models, chosen.keep), numbers):
            for found in outcomes:
                runs += 1
                refused += found.refused
                if found.fault:
                    faults.append(found)
                    print(f"{found.number} {found.seed} {found.mutation} {found.command}:"
                          f" {found.fault}", flush=True)
    print(f"{runs} runs, {refused} refused, {len(faults)} faults")
    if faults:
        print(f"The models are in {chosen.keep}; --seed {seed} --first NUMBER --count 1 repeats one.")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
