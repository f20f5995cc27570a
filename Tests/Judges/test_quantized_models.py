"""Models that ONNX Runtime's own quantizer made: shown as such, run, compared, left as they are."""

import itertools

import numpy as np
import onnx
import onnxruntime
import pytest
from onnxruntime import quantization
from onnxruntime.quantization import QuantFormat, QuantType
from onnxruntime.quantization.shape_inference import quant_pre_process

import models
from judge import agreement, decibels, fed, outputs, session
from program import answer, octet, succeed

NAMES = ["mnist_cnn", "mnist_mobilenet"]
FORMATS = {"QDQ": QuantFormat.QDQ, "QOperator": QuantFormat.QOperator}
PAIRS = list(itertools.product(FORMATS, NAMES))
U, S = QuantType.QUInt8, QuantType.QInt8


class Samples(quantization.CalibrationDataReader):
    def __init__(self, name, samples):
        self.batches = iter([{name: samples[i:i + 16]} for i in range(0, 64, 16)])

    def get_next(self):
        return next(self.batches, None)


class Foreign:
    """Quantized models and their float twins, each made once."""

    def __init__(self, folder, workshop):
        self.folder, self.workshop, self.made = folder, workshop, {}

    def twin(self, name):
        """The float model as the quantizer wants it: normalizations folded into convolutions."""
        file = self.folder / f"{name}.onnx"
        if not file.exists():
            quant_pre_process(str(models.path(name)), str(file), skip_symbolic_shape=True)
        return file

    def quantized(self, name, form, activation=U, weight=S, per_channel=False):
        key = (name, form, activation, weight, per_channel)
        if key not in self.made:
            twin = self.twin(name)
            file = self.folder / f"{name}.{len(self.made)}.onnx"
            entry = onnx.load(twin).graph.input[0].name
            quantization.quantize_static(
                str(twin), str(file), Samples(entry, self.workshop.data(name).calibration),
                quant_format=FORMATS[form], activation_type=activation, weight_type=weight,
                per_channel=per_channel, reduce_range=True)
            self.made[key] = file
        return self.made[key]


@pytest.fixture(scope="module")
def foreign(tmp_path_factory, workshop):
    return Foreign(tmp_path_factory.mktemp("foreign"), workshop)


@pytest.mark.parametrize("per_channel", [False, True], ids=["tensor", "channel"])
@pytest.mark.parametrize("types", [(U, S), (S, S), (U, U)], ids=["u8s8", "s8s8", "u8u8"])
@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("name", NAMES)
def test_they_run_as_onnx_runtime_runs_them(name, form, types, per_channel, foreign, workshop):
    file = foreign.quantized(name, form, *types, per_channel)
    samples = workshop.data(name).test[:200]
    judge = session(file)
    expected, other = outputs(judge, samples), outputs(session(file, optimized=True), samples)
    for options in [], ["--simulate"]:
        found = workshop.run(file, fed(judge, samples), *options)
        for output, reference in expected.items():
            own = decibels(reference, other[output])
            noise = decibels(reference, found[output])
            print(f"{name} {form} {options}: {noise:.1f} dB, the judge with itself {own:.1f} dB")
            assert noise >= min(35, own - 4)
            assert agreement(reference, found[output]) >= 0.99


@pytest.mark.parametrize("form, name", PAIRS)
def test_their_layers_are_shown_as_quantized(form, name, foreign):
    report = answer("inspect", foreign.quantized(name, form, per_channel=True))
    layers = report["layers"]
    stored = [layer for layer in layers if layer.get("quantized")]
    assert len(stored) >= len(layers) - 1
    order = [layer["operatorType"] for layer in layers]
    assert order[0] == "QuantizeLinear", order
    assert all(layer["outputShape"] for layer in layers if layer["macs"] > 0)
    assert {layer["quantized"]["format"] for layer in stored} <= {form, "QDQ"}
    heavy = [layer for layer in layers if layer["macs"] > 0]
    assert len(heavy) >= 5
    for layer in heavy:
        quantized = layer["quantized"]
        assert quantized["format"] == form and quantized["runsInInt8"], layer
        assert quantized["scale"] > 0 and quantized["type"] == "uint8", layer
        assert "int8" in quantized["weights"] and layer["weightShape"], layer
        assert layer["quantizable"].startswith("no: already quantized"), layer
    text = succeed("inspect", foreign.quantized(name, form, per_channel=True)).output
    assert "quantized already: " in text and "int8 kernel" in text


@pytest.mark.parametrize("form, name", PAIRS)
def test_they_are_compared_with_their_float_twins(form, name, foreign, workshop):
    twin, file = foreign.twin(name), foreign.quantized(name, form)
    report = answer("compare", twin, file, *workshop.data(name).arguments, "--limit", 64)
    (output,) = report["outputs"]
    assert output["agreement"] >= 0.95
    convolutions = {node.output[0] for node in onnx.load(twin).graph.node if node.op_type == "Conv"}
    shared = {value["name"] for value in report["values"]}
    assert len(shared) >= len(convolutions), shared
    assert all(value["error"]["decibels"] > 10 for value in report["values"]), report["values"]


@pytest.mark.parametrize("form", FORMATS)
def test_they_are_timed_on_int8_kernels(form, foreign):
    reports = answer("benchmark", foreign.twin("mnist_cnn"), foreign.quantized("mnist_cnn", form),
                     "--runs", 2, "--warm-up", 1)
    kernels = [layer["kernel"] for layer in reports[1]["layers"] if layer["macs"] > 0]
    assert kernels and all("u8" in kernel for kernel in kernels), kernels
    assert not any("island" in kernel for kernel in kernels), kernels


@pytest.mark.parametrize("form", FORMATS)
def test_they_are_not_quantized_again(form, foreign, workshop, tmp_path):
    file = foreign.quantized("mnist_cnn", form)
    result = octet("quantize", file, *workshop.data("mnist_cnn").arguments, "--limit", 16,
                   "-o", tmp_path / "again.onnx")
    assert not result.crashed, result
    assert result.status == 1 and "already quantized" in result.errors, result
    assert not (tmp_path / "again.onnx").exists()


@pytest.mark.parametrize("name", NAMES)
def test_what_onnx_runtime_optimized_runs_too(name, foreign, workshop, tmp_path):
    """Its stored models have channels last, and operators of its own."""
    file = tmp_path / "optimized.onnx"
    options = onnxruntime.SessionOptions()
    options.optimized_model_filepath = str(file)
    options.log_severity_level = 3
    onnxruntime.InferenceSession(
        str(foreign.quantized(name, "QDQ")), options, providers=["CPUExecutionProvider"])
    operators = {node.op_type for node in onnx.load(file).graph.node}
    assert {"QLinearConv", "QGemm"} <= operators, operators
    samples = workshop.data(name).test[:50]
    judge = session(file)
    found = workshop.run(file, fed(judge, samples))
    for output, reference in outputs(judge, samples).items():
        assert decibels(reference, found[output]) >= 35
        assert agreement(reference, found[output]) >= 0.98


def test_a_model_quantized_dynamically_is_shown_as_such(foreign, tmp_path):
    file = tmp_path / "dynamic.onnx"
    quantization.quantize_dynamic(str(foreign.twin("mnist_cnn")), str(file))
    report = answer("inspect", file)
    formats = [layer["quantized"]["format"] for layer in report["layers"]
               if layer.get("quantized")]
    assert formats.count("dynamic") >= 6
    main = [layer for layer in report["layers"] if layer["operatorType"] == "ConvInteger"]
    assert len(main) == 4
    for layer in main:
        assert layer["quantizable"].startswith("no: already quantized, dynamic"), layer
        assert layer["title"].startswith("ConvInteger+Cast+Mul"), layer


def matrix(name, nodes, constants, opset=21):
    from onnx import TensorProto, helper
    graph = helper.make_graph(
        nodes, name, [helper.make_tensor_value_info("x", TensorProto.FLOAT, [2, 64])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [2, 12])], constants)
    return helper.make_model(graph, ir_version=10, opset_imports=[
        helper.make_opsetid("", opset), helper.make_opsetid("com.microsoft", 1)])


def test_weights_of_four_bits_are_shown_and_kept(tmp_path):
    from onnx import TensorProto, helper, numpy_helper
    random = np.random.default_rng(3)
    codes = helper.make_tensor("w", TensorProto.INT4, [64, 12], random.integers(-8, 8, 768).tolist())
    scales = numpy_helper.from_array(random.random((4, 12), np.float32), "s")
    model = matrix("blocked", [
        helper.make_node("DequantizeLinear", ["w", "s"], ["d"], axis=0, block_size=16),
        helper.make_node("MatMul", ["x", "d"], ["y"], name="product")], [codes, scales])
    onnx.save(model, tmp_path / "blocked.onnx")
    (layer,) = answer("inspect", tmp_path / "blocked.onnx")["layers"]
    assert layer["quantized"]["format"] == "weight-only"
    assert layer["quantized"]["weights"] == "int4, 48 scales, one for every 16 weights"
    assert layer["parameters"] == 768

    packed = matrix("packed", [helper.make_node(
        "MatMulNBits", ["x", "w", "s"], ["y"], name="product", domain="com.microsoft", K=64, N=12,
        bits=4, block_size=16)], [
            numpy_helper.from_array(random.integers(0, 256, (12, 4, 8)).astype(np.uint8), "w"),
            numpy_helper.from_array(random.random((12, 4), np.float32), "s")], 17)
    onnx.save(packed, tmp_path / "packed.onnx")
    (layer,) = answer("inspect", tmp_path / "packed.onnx")["layers"]
    assert layer["quantized"]["format"] == "weight-only"
    assert layer["quantized"]["weights"].startswith("uint4, 48 scales")
