#!/usr/bin/env python3
"""Measures what training with rounding in view gives back of an int8 model, without labels.

    OCTET_FIXTURES=... .venv-peers/bin/python Benchmarks/distillation.py [--epochs N] [--write]

`make bench-distillation` makes the environment. Photographs are split into three parts, none with a
crop of another's: to train on, to choose the epoch by, and to measure with. The model is efficientnet_lite0_bn
with one scale for all weights of a layer, and learns from its own float outputs.
"""

import argparse
import datetime
import json
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from peers import report
from peers.models import FIXTURES
from peers.rivals import VERSIONS, octet, processor

MODEL = "efficientnet_lite0_bn"
PREPROCESS = ["--preprocess", "mean=127,std=128,layout=nhwc->nchw"]
RECIPE = ["--set", "all:weight.granularity=perTensor"]
# What training takes beside the rest.
WAYS = {"trained": [], "trained, scales too": ["--learn-scales"]}
HEADING = "## What training gives back, without labels"
CROPS_PER_PHOTOGRAPH = 6


def split(folder):
    """Files of crops: every third photograph measures, half of the next ones choose."""
    with np.load(FIXTURES / "data/photos_calib.npz") as members:
        crops = members["x_u8_nhwc"]
    photograph = np.arange(len(crops)) // CROPS_PER_PHOTOGRAPH
    measures, chooses = photograph % 3 == 2, photograph % 6 == 4
    parts = {"train": ~(measures | chooses), "choose": chooses, "measure": measures}
    for name, chosen in parts.items():
        np.savez(folder / f"{name}.npz", x=crops[chosen])
    return {name: int(chosen.sum()) for name, chosen in parts.items()}


def judged(model, int8, folder, threads):
    """Agreement with float in percent, and SQNR of the output in decibels, on one part."""
    found = {}
    for part in ("choose", "measure"):
        said = json.loads(octet(
            "compare", model, int8, "--data", folder / f"{part}.npz", *PREPROCESS, "--threads",
            threads, "--json"))
        output = said["outputs"][0]
        found[part] = (100 * output["agreement"], output["error"]["decibels"])
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--epochs", type=int, default=24)
    parser.add_argument("--learning-rate", default="0.00003")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--write", action="store_true", help="update Documentation/Performance.md")
    options = parser.parse_args()
    if FIXTURES is None:
        sys.exit("OCTET_FIXTURES has to name a folder with models/ and data/.")
    model = FIXTURES / f"models/{MODEL}.onnx"
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        counts = split(folder)
        shared = ["--data", folder / "train.npz", *PREPROCESS, *RECIPE, "--threads", options.threads]
        octet("quantize", model, *shared, "-o", folder / "after.onnx")
        start = time.perf_counter()
        for name, way in WAYS.items():
            octet(
                "train", model, *shared, "--validation", folder / "choose.npz",
                "--validation-preprocess", PREPROCESS[1], "--distill", "sqnr", *way,
                "--mini-batch", 8, "--epochs", options.epochs, "--learning-rate",
                options.learning_rate, "-o", folder / f"{name}.onnx")
        seconds = time.perf_counter() - start
        found = {
            name: judged(model, folder / f"{name}.onnx", folder, options.threads)
            for name in ("after", *WAYS)}
    rows = [
        report.line([{"after": "quantized, not trained"}.get(name, name), *(
            f"{parts[part][place]:.1f}" for part in ("measure", "choose") for place in (0, 1))])
        for name, parts in found.items()]
    titles = ["int8 model", "as float, %", "SQNR, dB", "as float, %, chosen by", "SQNR, dB, chosen by"]
    rule = report.line(["---", *["---:"] * 4])
    text = (
        f"{MODEL}, one scale for all weights of a layer, distilled for {options.epochs} epochs on "
        f"{counts['train']} crops in {seconds / len(WAYS):.0f} s;\nthe epoch was chosen by {counts['choose']} "
        f"crops of other photographs, and {counts['measure']} of further ones measure.\n"
        f"{processor()}; {datetime.date.today()}; octet {VERSIONS['octet']()}.\n\n"
        + "\n".join([report.line(titles), rule, *rows]))
    print(f"{HEADING}\n\n{text}")
    if options.write:
        report.replace(HEADING, text)


if __name__ == "__main__":
    main()
