"""Every kind of export of every model that admits it, before ONNX Runtime."""

import numpy as np
import onnx
import pytest

import models
from judge import decibels, fed, is_fixed, outputs, session

KINDS = {
    "s8s8": ["--target", "ort_s8s8"],
    "qoperator": ["--format", "qoperator"],
    "dynamic": ["--dynamic"],
    "weights int8": ["--weight-only", "int8"],
    "weights int4": ["--weight-only", "int4"],
    "mixed": ["--dynamic", "--set", "op=Conv:precision=static", "--set", "op=GRU:precision=weightOnly"],
}
RECURRENT_KINDS = {**KINDS, "u8s8": []}
LSTM = "DynamicQuantizeLSTM"


def loudness(file, samples, workshop, *options):
    """Ours and the judge's, optimizations off and on: outputs by name."""
    plain, optimized = session(file), session(file, optimized=True)
    if is_fixed(plain):
        parts = [workshop.run(file, fed(plain, one[None]), *options) for one in samples]
        found = {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}
    else:
        found = workshop.run(file, fed(plain, samples), *options)
    return found, outputs(plain, samples), outputs(optimized, samples)


def check(name, kind, options, workshop):
    if name in models.LARGE and kind in ("s8s8", "mixed"):
        # The judge's float arithmetic is exact then, and leaves nothing to grow over many layers.
        options = [*options, "--set", "all:activation.scale=powerOfTwo,weight.scale=powerOfTwo"]
    file, report = workshop.quantized(name, *options)
    model = onnx.load(file)
    onnx.checker.check_model(model, full_check=not any(
        node.domain == "com.microsoft" for node in model.graph.node))
    count = 4 if name in models.LARGE else 8
    samples = workshop.data(name).test[:count]
    found, expected, optimized = loudness(file, samples, workshop)
    for output, reference in expected.items():
        ours, own = decibels(reference, found[output]), decibels(reference, optimized[output])
        print(f"{name} {kind} {output}: {ours:.1f} dB from the judge; optimized it is {own:.1f} dB"
              " from itself, through saturation and other roundings")
        assert np.isfinite(found[output]).all()
        assert ours >= min(35, own - 4), f"{ours} dB"
    return model, report


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", models.NAMES)
def test_every_kind_agrees(name, kind, workshop):
    model, report = check(name, kind, KINDS[kind], workshop)
    used = {node.op_type for node in model.graph.node}
    if kind == "dynamic":
        assert report["int8Layers"] == 0
        assert ("MatMulInteger" in used) == (report["dynamicLayers"] > 0)
    if kind.startswith("weights"):
        assert "QuantizeLinear" not in used and report["weightOnlyLayers"] > 0
    if kind == "weights int4":
        assert any(tensor.data_type == onnx.TensorProto.INT4 for tensor in model.graph.initializer)


@pytest.mark.parametrize("kind", RECURRENT_KINDS)
def test_a_model_of_integers_agrees(kind, workshop):
    model, report = check(models.MAGIKA, kind, RECURRENT_KINDS[kind], workshop)
    used = {node.op_type for node in model.graph.node}
    if not kind.startswith("weights") and kind != "dynamic":
        assert report["int8Layers"] > (0 if kind == "mixed" else 2)
        # What spells out a normalization is left alone.
        assert {"Sqrt", "Reciprocal", "ReduceSum"} <= used
    else:
        assert report["int8Layers"] == 0


@pytest.mark.parametrize("kind", RECURRENT_KINDS)
@pytest.mark.parametrize("name", models.RECURRENT)
def test_recurrent_models_agree(name, kind, workshop):
    model, report = check(name, kind, RECURRENT_KINDS[kind], workshop)
    used = {node.op_type for node in model.graph.node}
    if kind == "dynamic":
        assert report["dynamicLayers"] > 1
        assert LSTM in used or "GRU" in used
        assert "LSTM" not in used


@pytest.mark.parametrize("kind", RECURRENT_KINDS)
@pytest.mark.parametrize("name", models.RECURRENT)
def test_recurrent_models_stay_close_to_float(name, kind, workshop):
    file, _ = workshop.quantized(name, *RECURRENT_KINDS[kind])
    samples = workshop.data(name).test[:4]
    judge = session(models.path(name))
    expected = outputs(judge, samples, 1)
    if is_fixed(judge):
        parts = [workshop.run(file, fed(judge, one[None])) for one in samples]
        found = {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}
    else:
        found = workshop.run(file, fed(judge, samples))
    for output, reference in expected.items():
        noise = decibels(reference, found[output])
        print(f"{name} {kind} {output}: {noise:.1f} dB from float")
        assert noise >= (8 if "int4" in kind else 15)
