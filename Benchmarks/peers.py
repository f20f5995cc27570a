#!/usr/bin/env python3
"""Times octet against ONNX Runtime and OpenVINO, fp32 and int8, in turn on the same inputs.

    .venv-peers/bin/python Benchmarks/peers.py [--threads N] [--isa ISA] [--models NAME ...]
        [--write]

`make bench-peers` makes the environment. A folder that OCTET_FIXTURES names, with models/ and
data/, adds larger models. OCTET names another binary than the release build. --write puts the table
into Documentation/Performance.md. --isa restricts the programs that can be to an older processor.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

import numpy as np

from peers import report
from peers.models import SUBJECTS
from peers.rivals import ONEDNN_ISAS, RIVALS, Octet, OnnxRuntime, rivals_on

LEAST_SQNR = 60
LEAST_RUNS = 5


def sqnr(expected, found):
    """Signal to noise in decibels, over all outputs; None where there is nothing to compare."""
    if found is None:
        return None
    signal = sum(np.sum(np.square(each, dtype=np.float64)) for each in expected)
    noise = sum(
        np.sum(np.square(np.subtract(*pair, dtype=np.float64)))
        for pair in zip(expected, found, strict=True))
    return 10 * np.log10(signal / noise) if noise > 0 else np.inf


def check(programs, name):
    """Refuses to time programs that compute different things; tells what int8 costs each."""
    truth = next(each for each in programs if isinstance(each, OnnxRuntime)).outputs(0)
    said = []
    for program in programs:
        exact, coarse = (sqnr(truth, program.outputs(index)) for index in range(2))
        if not exact >= LEAST_SQNR:
            sys.exit(f"{name}: {program.name} differs from ONNX Runtime in fp32: {exact:.1f} dB.")
        int8 = report.NONE if coarse is None else f"{coarse:.1f}"
        said.append(f"{program.title} {exact:.0f} and {int8}")
    print(f"{name}: SQNR of fp32 and int8 in dB: {', '.join(said)}", file=sys.stderr, flush=True)


def measure(subject, file, options, folder):
    samples = subject.samples()
    everyone = [
        kind(subject, file, samples, options, folder) for kind in (Octet, *RIVALS)]
    check(everyone, subject.name)
    programs = [each for each in everyone if isinstance(each, (Octet, *rivals_on(options.isa)))]
    once = programs[1].time(1)[0][1] / 1e3
    runs = min(options.runs, max(LEAST_RUNS, int(options.seconds / once)))
    rounds = [[] for _ in programs]
    for turn in range(options.rounds):
        # Each round begins with another program, so that none always follows the same one's heat.
        for step in range(len(programs)):
            index = (turn + step) % len(programs)
            rounds[index].append(programs[index].time(runs))
    return report.Row(subject.name, rounds[0], rounds[1:])


def arguments(names):
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument(
        "--isa", choices=ONEDNN_ISAS, help="use these at most; leaves ONNX Runtime out")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--runs", type=int, default=20, help="in a round, of a model that is quick")
    parser.add_argument(
        "--seconds", type=float, default=1, help="what the runs of one model may take in a round")
    parser.add_argument("--models", nargs="+", choices=names, metavar="NAME")
    parser.add_argument("--note", help="a sentence about this measurement, for the report")
    parser.add_argument("--write", action="store_true", help="update Documentation/Performance.md")
    return parser.parse_args()


def main():
    names = [subject.name for subject in SUBJECTS]
    options = arguments(names)
    if options.isa:
        # Read when the first model is compiled.
        os.environ["ONEDNN_MAX_CPU_ISA"] = ONEDNN_ISAS[options.isa]
    rows = {}
    for subject in SUBJECTS:
        if options.models and subject.name not in options.models:
            continue
        with tempfile.TemporaryDirectory() as folder:
            file = subject.file(Path(folder))
            if file is None:
                print(f"{subject.name} is not here: OCTET_FIXTURES can name a folder that has it.",
                      file=sys.stderr)
                continue
            row = measure(subject, file, options, Path(folder))
        rows[subject.name] = report.line(row.cells)
        print(rows[subject.name], file=sys.stderr, flush=True)
    if not rows:
        sys.exit("There is nothing to measure.")
    print(report.section(rows, options, names))
    if options.write:
        report.write(rows, options, names)


if __name__ == "__main__":
    main()
