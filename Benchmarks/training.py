#!/usr/bin/env python3
"""Times a step of octet's training against PyTorch's: forwards, cross-entropy, backwards, AdamW.

    .venv-peers/bin/python Benchmarks/training.py [--threads N ...] [--models NAME ...] [--write]

`make bench-peers` makes the environment and runs it. Both train the same weights, in float and with
int8 rounding in view (PyTorch by prepare_qat_fx with its x86 configuration), and take turns. PyTorch
does it in both orders of memory; its fused AdamW is used. OCTET_FIXTURES names a folder that has
efficientnet_lite0_bn. --isa avx2 holds octet to older kernels, and ONEDNN_MAX_CPU_ISA=AVX2 with
ATEN_CPU_CAPABILITY=avx2 in the environment does that to PyTorch.
"""

import argparse
import datetime
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch.ao.quantization import get_default_qat_qconfig_mapping, quantize_fx
from torch.nn import functional

from peers import report
from peers.models import SUBJECTS
from peers.rivals import OCTET, VERSIONS, octet, processor
from peers.torch_models import Network, outputs, simplified

HEADING = "## Training against PyTorch"
LEAST_SQNR = 60
WARM_UP = 3
# What octet-benchmarks calls its steps, in order.
STEPS = {"float": "training step in float", "int8 in view": "training step, rounded"}


@dataclass(frozen=True)
class Case:
    name: str
    batch: int
    steps: int


CASES = [Case("mnist_cnn", 32, 20), Case("efficientnet_lite0_bn", 8, 3)]


class Octet:
    """In a process of its own."""

    title = "octet"

    def __init__(self, case, file, samples, options, threads, folder):
        data = folder / "samples.npz"
        np.savez(data, x=samples)
        self.command = [
            OCTET.parent / "octet-benchmarks", file, "--data", data, "--only", "training", "--json",
            "--batch", case.batch, "--threads", threads, "--rounds", case.steps,
            *(["--isa", options.isa] if options.isa else [])]

    def time(self):
        """(median, minimum) in milliseconds of either step."""
        done = subprocess.run(
            [str(part) for part in self.command], capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"octet-benchmarks\n{done.stderr}")
        found = {each["name"]: each for each in json.loads(done.stdout)["findings"]}
        return [(found[name]["median"], found[name]["minimum"]) for name in STEPS.values()]


class PyTorch:
    """Eager modules, as PyTorch's own training loops have them."""

    memory_format = torch.contiguous_format
    title = "PyTorch"

    def __init__(self, case, file, samples, options, threads, folder):
        self.steps, self.threads = case.steps, threads
        sample = torch.from_numpy(samples)
        model = simplified(file, folder)
        rounded = quantize_fx.prepare_qat_fx(
            Network(model).train(), get_default_qat_qconfig_mapping("x86"), (sample,))
        self.runs = [self.prepared(each, sample) for each in (Network(model).train(), rounded)]

    def prepared(self, network, sample):
        network = network.to(memory_format=self.memory_format)
        sample = sample.to(memory_format=self.memory_format)
        labels = torch.arange(len(sample)) % network(sample).shape[1]
        optimizer = torch.optim.AdamW(network.parameters(), lr=1e-6, fused=True)

        def step():
            optimizer.zero_grad(set_to_none=True)
            functional.cross_entropy(network(sample), labels).backward()
            optimizer.step()

        return step

    def time(self):
        torch.set_num_threads(self.threads)
        return [self.clocked(step) for step in self.runs]

    def clocked(self, step):
        times = []
        for run in range(-WARM_UP, self.steps):
            start = time.perf_counter()
            step()
            if run >= 0:
                times.append((time.perf_counter() - start) * 1e3)
        return statistics.median(times), min(times)


class PyTorchChannelsLast(PyTorch):
    memory_format = torch.channels_last
    title = "PyTorch, channels last"


PROGRAMS = [Octet, PyTorch, PyTorchChannelsLast]


def check(case, file, samples, folder):
    """Refuses to time networks that compute different things."""
    fed, made = folder / "fed.npz", folder / "made.npz"
    network = Network(simplified(file, folder))
    np.savez(fed, **{network.entry: samples})
    octet("run", file, "--inputs", fed, "--outputs", made)
    with np.load(made) as members:
        found = members[network.end]
    wanted = outputs(network, samples)
    noise = np.sum(np.square(found - wanted, dtype=np.float64))
    sqnr = 10 * np.log10(np.sum(np.square(wanted, dtype=np.float64)) / max(noise, 1e-30))
    if not sqnr >= LEAST_SQNR:
        sys.exit(f"{case.name}: octet and PyTorch differ: {sqnr:.1f} dB.")


def measure(case, file, samples, options, threads, folder):
    """A row for each kind of step."""
    programs = [kind(case, file, samples, options, threads, folder) for kind in PROGRAMS]
    found = [[] for _ in programs]
    for turn in range(options.rounds):
        for step in range(len(programs)):
            index = (turn + step) % len(programs)
            found[index].append(programs[index].time())
    rows = []
    for index, kind in enumerate(STEPS):
        ours, *theirs = [[times[index] for times in rounds] for rounds in found]
        cells = [f"{case.name}, {case.batch} samples, {kind}", str(threads)]
        cells += [report.Row.milliseconds(times) for times in (ours, *theirs)]
        cells.append(report.Row.ratio(ours, theirs))
        rows.append(report.line(cells))
        print(rows[-1], file=sys.stderr, flush=True)
    return rows


def section(rows, rounds):
    titles = ["step", "threads", *(each.title for each in PROGRAMS), "octet / fastest"]
    rule = report.line(["---", *["---:"] * (len(titles) - 1)])
    return (
        "Forwards, cross-entropy, backwards and AdamW, on the same weights, with normalizations in their\n"
        "convolutions; PyTorch rounds by `prepare_qat_fx`, in its x86 configuration. "
        f"{processor()},\n{os.cpu_count()} cores; {datetime.date.today()}; octet "
        f"{VERSIONS['octet']()}, PyTorch {torch.__version__}; {rounds} rounds in turn.\n\n"
        + "\n".join([report.line(titles), rule, *rows]))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--models", nargs="+", metavar="NAME", help="others than these are left out")
    parser.add_argument("--isa", help="octet's kernels, such as avx2")
    parser.add_argument("--write", action="store_true", help="update Documentation/Performance.md")
    options = parser.parse_args()
    # PyTorch announces there that its quantization will move to another package.
    warnings.filterwarnings("ignore")
    rows = []
    for case in CASES:
        if options.models and case.name not in options.models:
            continue
        subject = next(each for each in SUBJECTS if each.name == case.name)
        file = subject.file(None)
        if file is None:
            print(f"{case.name} is not here: OCTET_FIXTURES can name a folder that has it.",
                  file=sys.stderr)
            continue
        samples = np.ascontiguousarray(subject.samples()[:case.batch])
        with tempfile.TemporaryDirectory() as folder:
            check(case, file, samples, Path(folder))
            for threads in options.threads:
                rows += measure(case, file, samples, options, threads, Path(folder))
    if not rows:
        return
    text = section(rows, options.rounds)
    print(f"{HEADING}\n\n{text}")
    if options.write:
        report.replace(HEADING, text)


if __name__ == "__main__":
    main()
