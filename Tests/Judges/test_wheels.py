"""Networks that people install: run, quantized, exported, and judged again."""

import numpy as np
import onnx
import pytest

import models
from judge import decibels, session
from program import answer, run

KINDS = {
    "static": [],
    "s8s8": ["--target", "ort_s8s8"],
    "qoperator": ["--format", "qoperator"],
    "dynamic": ["--dynamic"],
    "weights": ["--weight-only", "int8"],
    "weights int4": ["--weight-only", "int4"],
}
STATIC = ("static", "s8s8", "qoperator")


def normal(seed, *shape, scale=1.0):
    return (np.random.default_rng(seed).standard_normal(shape) * scale).astype(np.float32)


def feeds(name):
    """Inputs for one run."""
    sound = {"input": normal(1, 1, 576, scale=0.1), "state": normal(2, 2, 1, 128, scale=0.1)}
    if name == "silero_vad_16k_sequence":
        return {"input": normal(1, 4, 576, scale=0.1), "h": normal(2, 1, 1, 128, scale=0.1),
                "c": normal(3, 1, 1, 128, scale=0.1)}
    if name in ("silero_vad_half", "silero_vad_openvino_16k"):
        return sound
    if name.startswith("silero"):
        return {**sound, "sr": np.array(16_000, np.int64)}
    if name == "common_old":
        return {"input1": normal(4, 1, 1, 64, 160)}
    return {"x": normal(5, 2, 3, 48, 192)}


def close(reference, found, name):
    # A single probability has no range of its own.
    width = 1.0 if reference.size == 1 else float(reference.max() - reference.min())
    difference = float(np.abs(reference - found).max())
    assert difference <= 1e-4 * max(width, 1e-30), f"{name}: {difference} of {width}"


@pytest.mark.parametrize("name", [*models.SILERO, "ch_ppocr_mobile_v2.0_cls_infer", "common_old"])
def test_runs_as_the_judge_does(name, tmp_path):
    model, feed = models.path(name), feeds(name)
    judge = session(model)
    found = run(model, feed, tmp_path)
    for output, expected in zip(judge.get_outputs(), judge.run(None, feed)):
        assert found[output.name].shape == expected.shape
        if name == "common_old":
            # Quantized when it runs: the last bit of a sum can decide for another code.
            assert decibels(expected, found[output.name]) >= 35
        else:
            close(expected, found[output.name], output.name)


def test_the_other_rate_takes_the_other_branch(tmp_path):
    model = models.path("silero_vad")
    feed = {"input": normal(6, 1, 288, scale=0.1), "state": normal(7, 2, 1, 128, scale=0.1),
            "sr": np.array(8_000, np.int64)}
    judge, found = session(model), run(model, feed, tmp_path)
    for output, expected in zip(judge.get_outputs(), judge.run(None, feed)):
        close(expected, found[output.name], output.name)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", [*models.SILERO, "ch_ppocr_mobile_v2.0_cls_infer"])
def test_quantized_it_runs_as_the_judge_does(name, kind, tmp_path):
    model, feed, file = models.path(name), feeds(name), tmp_path / "int8.onnx"
    data = []
    if kind in STATIC:
        folder = tmp_path / "data.npz"
        links = {} if "x" in feed else (
            {"h": "hn", "c": "cn"} if "h" in feed else {"state": "stateN"})
        np.savez(folder, **{key: value for key, value in feed.items() if key not in links})
        data = ["--data", folder, *(part for entry in links.items()
                                    for part in ("--state", "=".join(entry)))]
    report = answer("quantize", model, *data, *KINDS[kind], "-o", file)
    assert report["int8Layers"] + report["dynamicLayers"] + report["weightOnlyLayers"] > 0
    onnx.checker.check_model(onnx.load(file))
    found = run(file, feed, tmp_path)
    for optimized in (False, True):
        judge = session(file, optimized=optimized)
        for output, expected in zip(judge.get_outputs(), judge.run(None, feed)):
            loudness = decibels(expected, found[output.name])
            print(f"{name} {kind} {output.name}: {loudness:.1f} dB, optimized {optimized}")
            assert np.isfinite(found[output.name]).all()
            assert optimized or loudness >= 20
