"""A transformer, a ResNet and a detector before ONNX Runtime: in float, quantized, exported."""

import numpy as np
import onnx
import pytest

import architectures
from judge import decibels, relative, session
from program import answer, run

MODELS = {
    "transformer": (architectures.transformer, "input_ids", architectures.words, (16, 33)),
    "resnet": (architectures.resnet, "image", architectures.images, (64,)),
    "yolo": (architectures.yolo, "images", architectures.images, (64,)),
}
EXACT = "all:activation.scale=powerOfTwo,weight.scale=powerOfTwo"
KINDS = {
    # ONNX Runtime rounds what a softmax reads, and a mask of -10000 leaves no codes for scores.
    "static": ["--target", "ort_s8s8", "--set", EXACT, "--set", "op=Attention:precision=float32"],
    "static u8s8": ["--set", EXACT],
    "qoperator": ["--format", "qoperator"],
    "dynamic": ["--dynamic"],
    "weights int8": ["--weight-only", "int8"],
}


@pytest.fixture(scope="module", params=MODELS)
def network(request, tmp_path_factory):
    """The model's file, its input, samples to calibrate with, and batches to try."""
    write, entry, samples, lengths = MODELS[request.param]
    folder = tmp_path_factory.mktemp(request.param)
    file = folder / "model.onnx"
    onnx.save(write(), file)
    data = folder / "data.npz"
    np.savez(data, **{entry: samples(16, lengths[0], seed=1) if entry == "input_ids"
                      else samples(16, seed=1)})
    count = 1 if request.param == "yolo" else 3
    batches = [samples(count, length, seed=2) if entry == "input_ids" else samples(count, seed=2)
               for length in lengths]
    return request.param, file, entry, data, batches


def test_float_agrees(network, tmp_path):
    name, file, entry, _, batches = network
    judge = session(file)
    for batch in batches:
        expected = judge.run(None, {entry: batch})[0]
        found = next(iter(run(file, {entry: batch}, tmp_path).values()))
        assert found.shape == expected.shape
        error = relative(expected, found)
        print(f"{name} {batch.shape}: {error:.1e} of the range")
        assert error <= 1e-4


@pytest.mark.parametrize("kind", KINDS)
def test_quantized_agrees(network, kind, tmp_path):
    name, file, entry, data, batches = network
    if kind == "dynamic" and name != "transformer":
        pytest.skip("convolutions are not quantized dynamically")
    target = tmp_path / "int8.onnx"
    report = answer("quantize", file, "--data", data, "--threads", 2, "-o", target, *KINDS[kind])
    model = onnx.load(target)
    onnx.checker.check_model(model, full_check=not any(
        node.domain == "com.microsoft" for node in model.graph.node))
    counts = {"dynamic": "dynamicLayers", "weights int8": "weightOnlyLayers"}
    assert report[counts.get(kind, "int8Layers")] > 5
    plain, optimized = session(target), session(target, optimized=True)
    original = session(file)
    for batch in batches:
        expected = plain.run(None, {entry: batch})[0]
        own = decibels(expected, optimized.run(None, {entry: batch})[0])
        found = next(iter(run(target, {entry: batch}, tmp_path, "--threads", 2).values()))
        ours = decibels(expected, found)
        float_noise = decibels(original.run(None, {entry: batch})[0], found)
        print(f"{name} {kind} {batch.shape}: {ours:.1f} dB from the judge, which is {own:.1f} dB "
              f"from itself when optimized; {float_noise:.1f} dB from float")
        assert np.isfinite(found).all()
        assert ours >= min(35, own - 4)
        assert float_noise >= 8
