"""Operators that quantize at run time give what ONNX Runtime gives."""

import itertools

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from judge import relative, session
from recurrent import Layer

rng = np.random.default_rng(5)


def compared(model, feeds, workshop, *options, threads=2):
    """Outputs of both, by name; `threads` are ONNX Runtime's."""
    file = workshop.folder / f"dynamic{len(workshop.made)}.onnx"
    onnx.save(model, file)
    judge = session(model, threads=threads)
    names = [output.name for output in judge.get_outputs()]
    expected = dict(zip(names, judge.run(names, feeds)))
    found = workshop.run(file, feeds, *options)
    for name, reference in expected.items():
        assert found[name].shape == reference.shape and found[name].dtype == reference.dtype
    return expected, found


def model(nodes, feeds, constants, outputs):
    inputs = [helper.make_tensor_value_info(
        name, helper.np_dtype_to_tensor_dtype(value.dtype), value.shape)
        for name, value in feeds.items()]
    outputs = [helper.make_tensor_value_info(name, kind, None) for name, kind in outputs.items()]
    graph = helper.make_graph(nodes, "dynamic", inputs, outputs, [
        numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)


def codes(dtype, *shape, narrow=False):
    """All codes there are, or those that no 16-bit sum of two products saturates for."""
    limits = np.iinfo(dtype)
    low, high = (limits.min, limits.max) if not narrow else (limits.min // 2, limits.max // 2)
    return rng.integers(low, high + 1, size=shape).astype(dtype)


@pytest.mark.parametrize("values", [
    rng.normal(size=(3, 50)), rng.uniform(0.5, 3, (40,)), -rng.uniform(0.5, 3, (2, 3, 4)),
    np.zeros((5,)), rng.normal(size=(1, 3, 8, 8)) * 1e-6, np.full((4,), 7.0)])
def test_dynamic_quantize_linear_is_exact(values, workshop):
    feeds = {"x": values.astype(np.float32)}
    node = helper.make_node("DynamicQuantizeLinear", ["x"], ["y", "s", "z"])
    kinds = {"y": TensorProto.UINT8, "s": TensorProto.FLOAT, "z": TensorProto.UINT8}
    expected, found = compared(model([node], feeds, {}, kinds), feeds, workshop)
    for name, reference in expected.items():
        assert np.array_equal(reference, found[name]), name


@pytest.mark.parametrize("left", [np.uint8, np.int8])
@pytest.mark.parametrize("right", [np.uint8, np.int8])
def test_matmul_integer_is_exact(left, right, workshop):
    """Constant and computed right sides, vectors and batches, zero points of every kind."""
    shapes = [((4, 7), (7, 5)), ((1, 33), (33, 40)), ((2, 3, 16), (16, 17)), ((6,), (6, 3)),
              ((5, 12), (12,)), ((2, 1, 3, 8), (4, 8, 6))]
    for (a, b), zero, is_constant in itertools.product(
            shapes, ["none", "scalar", "columns"], [True, False]):
        if zero == "columns" and (len(b) != 2 or not is_constant):
            continue
        feeds = {"a": codes(left, *a, narrow=True)}
        constants = {}
        (constants if is_constant else feeds)["b"] = codes(right, *b)
        names = ["a", "b"]
        if zero != "none":
            constants["az"] = codes(left)
            constants["bz"] = codes(right, *(b[-1:] if zero == "columns" else ()))
            names += ["az", "bz"]
        node = helper.make_node("MatMulInteger", names, ["y"])
        expected, found = compared(
            model([node], feeds, constants, {"y": TensorProto.INT32}), feeds, workshop)
        assert np.array_equal(expected["y"], found["y"]), (a, b, zero, is_constant)


@pytest.mark.parametrize("weight", [np.uint8, np.int8])
@pytest.mark.parametrize("x, w, group, attributes", [
    ((2, 3, 9), (4, 3, 3), 1, dict(pads=[1, 2], strides=[2])),
    ((1, 4, 7, 8), (6, 4, 3, 3), 1, dict(pads=[1, 1, 0, 1])),
    ((1, 4, 7, 8), (6, 2, 3, 2), 2, dict(dilations=[2, 1])),
    ((2, 5, 6, 6), (5, 1, 3, 3), 5, dict(pads=[1, 1, 1, 1], strides=[2, 1])),
    ((1, 16, 5, 5), (8, 16, 1, 1), 1, dict()), ((1, 3, 11), (3, 1, 4), 3, dict()),
    ((1, 2, 5, 5), (4, 2, 3, 3), 1, dict(auto_pad="SAME_UPPER")),
])
def test_conv_integer_is_exact(weight, x, w, group, attributes, workshop):
    for zero in ["none", "scalar", "channels"]:
        feeds = {"x": codes(np.uint8, *x, narrow=True)}
        constants = {"w": codes(weight, *w)}
        names = ["x", "w"]
        if zero != "none":
            constants["xz"] = codes(np.uint8)
            constants["wz"] = codes(weight, *(w[:1] if zero == "channels" else ()))
            names += ["xz", "wz"]
        node = helper.make_node("ConvInteger", names, ["y"], group=group, **attributes)
        made = model([node], feeds, constants, {"y": TensorProto.INT32})
        if zero == "channels":
            # ONNX Runtime takes one zero point only, so each channel is a model of its own to it.
            check_channels(made, feeds, constants, workshop)
            continue
        expected, found = compared(made, feeds, workshop)
        assert np.array_equal(expected["y"], found["y"]), zero


def check_channels(made, feeds, constants, workshop):
    file = workshop.folder / f"dynamic{len(workshop.made)}.onnx"
    onnx.save(made, file)
    found = workshop.run(file, feeds)["y"]
    for channel, zero in enumerate(constants["wz"]):
        alone = onnx.ModelProto()
        alone.CopyFrom(made)
        for tensor in alone.graph.initializer:
            if tensor.name == "wz":
                tensor.CopyFrom(numpy_helper.from_array(np.asarray(zero), "wz"))
        expected = session(alone).run(None, feeds)[0]
        assert np.array_equal(expected[:, channel], found[:, channel])


def chain(op, feeds, weights, scale, bias, branches=1, **attributes):
    nodes = [helper.make_node("DynamicQuantizeLinear", ["x"], ["q", "s", "z"])]
    constants = {"w": weights, "ws": scale, "wz": np.zeros((), weights.dtype), "bias": bias}
    outputs = {}
    for i in range(branches):
        nodes += [
            helper.make_node(op, ["q", "w", "z", "wz"], [f"sum{i}"], **attributes),
            helper.make_node("Cast", [f"sum{i}"], [f"cast{i}"], to=TensorProto.FLOAT),
            helper.make_node("Mul", ["s", "ws"], [f"scales{i}"]),
            helper.make_node("Mul", [f"cast{i}", f"scales{i}"], [f"real{i}"]),
            helper.make_node("Add", [f"real{i}", "bias"], [f"y{i}"])]
        outputs[f"y{i}"] = TensorProto.FLOAT
    return model(nodes, feeds, constants, outputs)


@pytest.mark.parametrize("branches", [1, 3])
@pytest.mark.parametrize("per_channel", [False, True])
def test_dynamic_chains_give_the_same_numbers(branches, per_channel, workshop):
    x = rng.normal(size=(3, 5, 24)).astype(np.float32)
    scale = rng.uniform(0.001, 0.01, 18 if per_channel else ()).astype(np.float32)
    bias = rng.normal(size=18).astype(np.float32)
    made = chain("MatMulInteger", {"x": x}, codes(np.int8, 24, 18, narrow=True), scale, bias,
                 branches)
    check_chain(made, {"x": x}, workshop)
    x = rng.normal(size=(2, 4, 9, 8)).astype(np.float32)
    scale = rng.uniform(0.001, 0.01, (6, 1, 1) if per_channel else ()).astype(np.float32)
    bias = rng.normal(size=(1, 6, 1, 1)).astype(np.float32)
    made = chain("ConvInteger", {"x": x}, codes(np.int8, 6, 4, 3, 3, narrow=True), scale, bias,
                 branches, pads=[1, 1, 1, 1])
    check_chain(made, {"x": x}, workshop)


def check_chain(made, feeds, workshop):
    for options in [(), ("--simulate",), ("--isa", "scalar")]:
        expected, found = compared(made, feeds, workshop, *options)
        for name, reference in expected.items():
            assert relative(reference, found[name]) <= 1e-6


def quantized(weights, dtype, per_channel):
    """`[directions, rows, depth]` reals as codes `[directions, depth, rows]`, scales, zero points."""
    turned = weights.swapaxes(1, 2)
    axes = 1 if per_channel else (1, 2)
    high = np.abs(turned).max(axis=axes, keepdims=True)
    zero = 0 if dtype == np.int8 else 128
    scale = high / 127
    found = np.clip(np.rint(turned / scale) + zero, zero - 127, zero + 127).astype(dtype)
    parameters = scale[:, 0] if per_channel else scale[:, 0, 0]
    return found, parameters.astype(np.float32), np.full(parameters.shape, zero, dtype)


@pytest.mark.parametrize("dtype", [np.int8, np.uint8])
@pytest.mark.parametrize("per_channel", [False, True])
@pytest.mark.parametrize("layer", [
    Layer("LSTM"), Layer("LSTM", direction="reverse"), Layer("LSTM", direction="bidirectional"),
    Layer("LSTM", hidden=64, inputs=40, steps=20, batch=1),
    Layer("LSTM", bias=False, first=False, lengths=(5, 3)),
    Layer("LSTM", peepholes=True, attributes=(("clip", 0.5),)),
    Layer("LSTM", attributes=(("activations", ["HardSigmoid", "Softsign", "Relu"]),)),
    Layer("LSTM", attributes=(("input_forget", 1),), outputs=(1, 2)),
])
def test_dynamic_quantize_lstm_agrees(layer, dtype, per_channel, workshop):
    constants = layer.weights()
    for name in "WR":
        constants[name], scale, zero = quantized(constants[name], dtype, per_channel)
        constants[f"{name}_scale"], constants[f"{name}_zero"] = scale, zero
    node = layer.node
    names = list(node.input) + [""] * (8 - len(node.input))
    names += ["W_scale", "W_zero", "R_scale", "R_zero"]
    attributes = {a.name: helper.get_attribute_value(a) for a in node.attribute}
    node = helper.make_node("DynamicQuantizeLSTM", names, list(node.output), name="layer",
                            domain="com.microsoft", **attributes)
    made = layer.model(node, constants, domains=["com.microsoft"])
    for isa in ["scalar", "avx2"]:
        # With more threads ONNX Runtime cuts the batch, and gives each part a scale of its own.
        expected, found = compared(made, layer.feeds(), workshop, "--isa", isa, threads=1)
        for name, reference in expected.items():
            # A state near the middle between two codes may fall to the other side.
            assert np.abs(reference - found[name]).max() <= 1e-3, name


@pytest.mark.parametrize("op", ["LSTM", "GRU", "RNN"])
@pytest.mark.parametrize("axis", [None, 0, 1])
def test_layers_with_int8_weights_stay_close(op, axis, workshop):
    """ONNX Runtime computes them in float; the integers here add the rounding of activations."""
    layer = Layer(op, direction="bidirectional", hidden=48, inputs=32, steps=12)
    constants = layer.weights()
    nodes = []
    for name in "WR":
        weights = constants.pop(name)
        axes = {None: (0, 1, 2), 0: (1, 2), 1: (0, 2)}[axis]
        scale = np.abs(weights).max(axis=axes, keepdims=True) / 127
        constants[f"{name}_codes"] = np.rint(weights / scale).astype(np.int8)
        scale = scale.reshape(()) if axis is None else scale.reshape(-1)
        constants[f"{name}_scale"] = scale.astype(np.float32)
        constants[f"{name}_zero"] = np.zeros(scale.shape, np.int8)
        attributes = {} if axis is None else {"axis": axis}
        nodes.append(helper.make_node(
            "DequantizeLinear", [f"{name}_codes", f"{name}_scale", f"{name}_zero"], [name],
            **attributes))
    made = layer.model(constants=constants)
    for node in reversed(nodes):
        made.graph.node.insert(0, node)
    expected, found = compared(made, layer.feeds(), workshop, "--simulate")
    for name, reference in expected.items():
        assert relative(reference, found[name]) <= 1e-5
    _, scalar = compared(made, layer.feeds(), workshop, "--isa", "scalar")
    expected, found = compared(made, layer.feeds(), workshop)
    for name, reference in expected.items():
        distance = relative(reference, found[name])
        assert 1e-6 < distance <= 0.03, "integers are not used, or do not fit"
        assert relative(scalar[name], found[name]) <= 2e-3
