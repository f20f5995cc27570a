"""Operators that take and give codes: executed as ONNX Runtime does, on kernels and simulated."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from judge import session
from program import run

MICROSOFT = "com.microsoft"


class Case:
    """A model under construction: every constant and input is made from one seed."""

    def __init__(self, name, opset=17):
        self.name, self.opset = name, opset
        self.random = np.random.default_rng(sum(map(ord, name)))
        self.nodes, self.constants, self.feeds = [], {}, {}

    def input(self, array, name=None):
        name = name or f"x{len(self.feeds)}"
        self.feeds[name] = array
        return name

    def constant(self, array):
        name = f"c{len(self.constants)}"
        self.constants[name] = np.asarray(array)
        return name

    def codes(self, *shape, dtype=np.uint8, low=None, high=None):
        limits = np.iinfo(dtype)
        low, high = limits.min if low is None else low, limits.max if high is None else high
        return self.random.integers(low, high + 1, shape).astype(dtype)

    def scale(self, value):
        return self.constant(np.float32(value))

    def zero(self, value, dtype):
        return self.constant(np.array(value, dtype))

    def normal(self, *shape):
        return self.random.normal(size=shape).astype(np.float32)

    def node(self, op, inputs, outputs="y", domain="", **attributes):
        self.nodes.append(helper.make_node(
            op, inputs, [outputs], name=f"{op}{len(self.nodes)}", domain=domain, **attributes))
        return outputs

    def model(self):
        inputs = [helper.make_tensor_value_info(
            name, helper.np_dtype_to_tensor_dtype(array.dtype), array.shape)
            for name, array in self.feeds.items()]
        graph = helper.make_graph(
            self.nodes, self.name, inputs, [helper.make_empty_tensor_value_info("y")],
            [numpy_helper.from_array(value, name) for name, value in self.constants.items()])
        imports = [helper.make_opsetid("", self.opset), helper.make_opsetid(MICROSOFT, 1)]
        model = helper.make_model(graph, opset_imports=imports, ir_version=10)
        probe = session(model).get_outputs()[0]
        types = {"tensor(uint8)": TensorProto.UINT8, "tensor(int8)": TensorProto.INT8,
                 "tensor(float)": TensorProto.FLOAT, "tensor(int16)": TensorProto.INT16,
                 "tensor(uint16)": TensorProto.UINT16}
        del model.graph.output[:]
        model.graph.output.append(helper.make_tensor_value_info("y", types[probe.type], None))
        return model


def judged(case, folder, steps=0, simulated=1, relative=None):
    """Compares with ONNX Runtime: `steps` on kernels, `simulated` in float, both in codes."""
    model = case.model()
    file = folder / "model.onnx"
    onnx.save(model, file)
    expected = session(model).run(None, case.feeds)[0]
    for options, allowed in ([], steps), (["--simulate"], simulated):
        found = run(file, case.feeds, folder, *options)["y"]
        assert found.dtype == expected.dtype and found.shape == expected.shape
        if relative is not None:
            width = max(float(np.abs(expected).max()), 1e-30)
            assert np.abs(found - expected).max() <= relative * width, options
            continue
        difference = np.abs(found.astype(np.int64) - expected.astype(np.int64))
        assert difference.max(initial=0) <= allowed, (options, difference.max())
    assert expected.size < 8 or len(np.unique(expected)) > 3, "a case without content"


# Products. Weights stay within 7 bits, where ONNX Runtime's 16-bit pair sums do not saturate.

CONVOLUTIONS = {
    "plain": ((2, 5, 7, 6), (9, 5, 3, 3), dict(pads=[1, 1, 1, 1])),
    "strided": ((1, 3, 9, 9), (6, 3, 3, 3), dict(strides=[2, 2], pads=[0, 0, 1, 1])),
    "dilated": ((1, 3, 9, 9), (4, 3, 3, 3), dict(dilations=[2, 2])),
    "same_upper": ((1, 3, 9, 9), (4, 3, 3, 3), dict(strides=[2, 2], auto_pad="SAME_UPPER")),
    "grouped": ((1, 4, 6, 6), (6, 2, 3, 3), dict(group=2)),
    "depthwise": ((1, 8, 7, 7), (8, 1, 3, 3), dict(group=8, pads=[1, 1, 1, 1])),
    "multiplier": ((1, 4, 7, 7), (8, 1, 3, 3), dict(group=4)),
    "one_axis": ((2, 4, 12), (5, 4, 3), dict(pads=[1, 1])),
    "pointwise": ((1, 24, 5, 5), (17, 24, 1, 1), {}),
}


@pytest.mark.parametrize("per_channel", [False, True], ids=["tensor", "channel"])
@pytest.mark.parametrize("types", ["u8s8", "u8u8", "s8s8"])
@pytest.mark.parametrize("shape", CONVOLUTIONS)
def test_convolutions(shape, types, per_channel, tmp_path):
    extents, weights, attributes = CONVOLUTIONS[shape]
    if types == "s8s8" and shape == "one_axis" and not per_channel:
        attributes = dict(attributes, strides=[2])
    case = Case(shape + types + str(per_channel))
    activation = np.uint8 if types[0] == "u" else np.int8
    weight = np.uint8 if types[2] == "u" else np.int8
    channels = weights[0]
    middle = 128 if weight is np.uint8 else 0
    x = case.input(case.codes(*extents, dtype=activation))
    w = case.constant(case.codes(*weights, dtype=weight, low=middle - 63, high=middle + 63))
    if per_channel:
        scale = case.constant(case.random.uniform(0.002, 0.01, channels).astype(np.float32))
        zero = case.constant(np.full(channels, middle, weight))
    else:
        scale, zero = case.scale(0.007), case.zero(middle, weight)
    inputs = [x, case.scale(0.03), case.zero(3, activation), w, scale, zero,
              case.scale(0.05), case.zero(100 if activation is np.uint8 else -7, activation)]
    if shape not in ("dilated", "multiplier"):
        inputs.append(case.constant(case.random.integers(-3000, 3000, channels).astype(np.int32)))
    case.node("QLinearConv", inputs, **attributes)
    judged(case, tmp_path)


@pytest.mark.parametrize("shape", ["plain", "strided", "grouped", "depthwise"])
def test_convolutions_with_channels_last(shape, tmp_path):
    """As ONNX Runtime writes them when it stores an optimized model."""
    extents, weights, attributes = CONVOLUTIONS[shape]
    case = Case("last" + shape)
    x = case.input(case.codes(extents[0], *extents[2:], extents[1]))
    w = case.constant(case.codes(*weights, dtype=np.int8, low=-63, high=63))
    bias = case.constant(case.random.integers(-3000, 3000, weights[0]).astype(np.int32))
    value = case.node("QLinearConv", [
        x, case.scale(0.03), case.zero(3, np.uint8), w, case.scale(0.007), case.zero(0, np.int8),
        case.scale(0.05), case.zero(100, np.uint8), bias], "a", MICROSOFT, channels_last=1,
        **attributes)
    case.node("NhwcMaxPool", [value], domain=MICROSOFT, kernel_shape=[2, 2], pads=[0, 0, 1, 1])
    judged(case, tmp_path)


def test_a_convolution_between_convolutions(tmp_path):
    """Codes go from one to the next, also through operators that only move them."""
    case = Case("chain")
    value = case.input(case.codes(1, 3, 12, 12))
    scale, zero = case.scale(0.03), case.zero(120, np.uint8)

    def convolution(value, inputs, outputs, name):
        w = case.constant(case.codes(outputs, inputs, 3, 3, dtype=np.int8, low=-63, high=63))
        return case.node("QLinearConv", [
            value, scale, zero, w, case.scale(0.004), case.zero(0, np.int8), scale, zero], name,
            pads=[1, 1, 1, 1])

    value = convolution(value, 3, 8, "a_quantized")
    value = case.node("MaxPool", [value], "b", kernel_shape=[2, 2], strides=[2, 2])
    value = convolution(value, 8, 4, "c_quantized")
    value = case.node("Clip", [value, case.zero(120, np.uint8), case.zero(250, np.uint8)], "d")
    value = case.node("Transpose", [value], "e", perm=[0, 2, 3, 1])
    pads = case.constant(np.array([0, 1, 0, 0, 0, 0, 2, 0]))
    value = case.node("Pad", [value, pads, case.zero(120, np.uint8)], "f")
    value = case.node("Reshape", [value, case.constant(np.array([1, -1, 4]))], "g")
    w = case.constant(case.codes(4, 6, dtype=np.int8, low=-63, high=63))
    case.node("QLinearMatMul", [value, scale, zero, w, case.scale(0.02), case.zero(0, np.int8),
                                case.scale(0.05), case.zero(128, np.uint8)])
    judged(case, tmp_path, simulated=2)


@pytest.mark.parametrize("per_column", [False, True], ids=["tensor", "column"])
@pytest.mark.parametrize("left, right", [
    ((3, 20), (20, 9)), ((2, 3, 20), (20, 9)), ((2, 1, 3, 20), (2, 20, 5)), ((20,), (20, 4)),
], ids=str)
@pytest.mark.parametrize("types", ["u8s8", "u8u8", "s8s8"])
def test_matrix_products(left, right, per_column, types, tmp_path):
    case = Case(str(left) + str(right) + types)
    activation = np.uint8 if types[0] == "u" else np.int8
    weight = np.uint8 if types[2] == "u" else np.int8
    middle = 128 if weight is np.uint8 else 0
    a = case.input(case.codes(*left, dtype=activation))
    b = case.constant(case.codes(*right, dtype=weight, low=middle - 63, high=middle + 63))
    scale, zero = case.scale(0.01), case.zero(middle, weight)
    if per_column:
        shape = right[-1:] if len(right) == 2 else (right[0], 1, right[2])
        scale = case.constant(case.random.uniform(0.002, 0.01, shape).astype(np.float32))
        zero = case.constant(np.full(shape, middle, weight))
    case.node("QLinearMatMul", [a, case.scale(0.03), case.zero(5, activation), b, scale, zero,
                                case.scale(0.06), case.zero(20, activation)])
    judged(case, tmp_path, steps=0 if len(right) == 2 else 1)


def test_a_product_of_two_activations(tmp_path):
    case = Case("two activations")
    a, b = case.input(case.codes(2, 3, 8)), case.input(case.codes(2, 8, 5))
    zero = case.zero(128, np.uint8)
    case.node("QLinearMatMul", [
        a, case.scale(0.03), zero, b, case.scale(0.02), zero, case.scale(0.06), zero])
    judged(case, tmp_path, steps=1)


@pytest.mark.parametrize("per_column", [False, True], ids=["tensor", "column"])
@pytest.mark.parametrize("bias", [None, (9,), (1, 9), (3, 9)], ids=str)
@pytest.mark.parametrize("attributes", [
    {}, dict(transB=1), dict(transA=1), dict(transA=1, transB=1, alpha=0.5), dict(alpha=1.7),
], ids=str)
def test_gemm(attributes, bias, per_column, tmp_path):
    case = Case(str(attributes) + str(bias))
    a = case.input(case.codes(*((20, 3) if attributes.get("transA") else (3, 20))))
    shape = (9, 20) if attributes.get("transB") else (20, 9)
    b = case.constant(case.codes(*shape, dtype=np.int8, low=-63, high=63))
    scale, zero = case.scale(0.01), case.zero(0, np.int8)
    if per_column:
        scale = case.constant(case.random.uniform(0.002, 0.01, 9).astype(np.float32))
        zero = case.constant(np.zeros(9, np.int8))
    inputs = [a, case.scale(0.03), case.zero(120, np.uint8), b, scale, zero]
    inputs.append(case.constant(case.random.integers(-2000, 2000, bias).astype(np.int32))
                  if bias else "")
    inputs += [case.scale(0.05), case.zero(110, np.uint8)]
    case.node("QGemm", inputs, domain=MICROSOFT, **attributes)
    judged(case, tmp_path, steps=1 if bias == (3, 9) else 0)


@pytest.mark.parametrize("bias", [False, True])
def test_gemm_that_gives_reals(bias, tmp_path):
    case = Case("real gemm")
    inputs = [case.input(case.codes(3, 20)), case.scale(0.03), case.zero(120, np.uint8),
              case.constant(case.codes(20, 9, dtype=np.int8, low=-63, high=63)),
              case.scale(0.01), case.zero(0, np.int8)]
    if bias:
        inputs.append(case.constant(case.random.integers(-2000, 2000, 9).astype(np.int32)))
    case.node("QGemm", inputs, domain=MICROSOFT)
    judged(case, tmp_path, relative=1e-5)


# Everything else works element by element, or averages.

@pytest.mark.parametrize("dtype", [np.uint8, np.int8], ids=["u8", "s8"])
@pytest.mark.parametrize("right", [(2, 3, 4, 5), (1,), (5,), (3, 1, 1), (2, 3, 1, 1)], ids=str)
@pytest.mark.parametrize("op", ["QLinearAdd", "QLinearMul"])
def test_binary(op, right, dtype, tmp_path):
    case = Case(op + str(right))
    zero = 120 if dtype is np.uint8 else -3
    a, b = case.input(case.codes(2, 3, 4, 5, dtype=dtype)), case.codes(*right, dtype=dtype)
    b = case.constant(b) if right == (5,) else case.input(b)
    case.node(op, [a, case.scale(0.03), case.zero(zero, dtype), b, case.scale(0.02),
                   case.zero(zero + 9, dtype), case.scale(0.07), case.zero(zero, dtype)],
              domain=MICROSOFT)
    judged(case, tmp_path, steps=1)


@pytest.mark.parametrize("dtype", [np.uint8, np.int8], ids=["u8", "s8"])
@pytest.mark.parametrize("zeros", [True, False], ids=["zeros", "none"])
@pytest.mark.parametrize("op, attributes", [
    ("QLinearSigmoid", {}), ("QLinearLeakyRelu", {}), ("QLinearLeakyRelu", dict(alpha=0.3))])
def test_unary(op, attributes, zeros, dtype, tmp_path):
    case = Case(op)
    x = case.input(np.arange(256).reshape(4, 64).astype(dtype))
    first, second = (case.zero(7, dtype), case.zero(3, dtype)) if zeros else ("", "")
    out = 1 / 256 if op == "QLinearSigmoid" else 0.04
    case.node(op, [x, case.scale(0.03), first, case.scale(out), second], domain=MICROSOFT,
              **attributes)
    judged(case, tmp_path, steps=1)


@pytest.mark.parametrize("dtype", [np.uint8, np.int8], ids=["u8", "s8"])
@pytest.mark.parametrize("axis, opset", [(-1, 13), (1, 13), (2, 13), (1, 12), (-1, 12), (2, 11)])
def test_softmax(axis, opset, dtype, tmp_path):
    case = Case(f"softmax {axis} {opset}")
    x = case.input(case.codes(2, 3, 4, 5, dtype=dtype))
    zero = 0 if dtype is np.uint8 else -128
    case.node("QLinearSoftmax", [x, case.scale(0.02), case.zero(9, dtype), case.scale(1 / 256),
                                 case.zero(zero, dtype)], domain=MICROSOFT, axis=axis, opset=opset)
    judged(case, tmp_path, steps=1)


@pytest.mark.parametrize("dtype", [np.uint8, np.int8], ids=["u8", "s8"])
@pytest.mark.parametrize("axis", [1, 2, -1])
def test_concat(axis, dtype, tmp_path):
    case = Case(f"concat {axis}")
    inputs = [case.scale(0.04), case.zero(10, dtype)]
    for extent, scale in [(2, 0.03), (3, 0.05), (1, 0.04)]:
        shape = [2, 4, 4, 4]
        shape[axis] = extent
        inputs += [case.input(case.codes(*shape, dtype=dtype)), case.scale(scale),
                   case.zero(10, dtype)]
    case.node("QLinearConcat", inputs, domain=MICROSOFT, axis=axis)
    judged(case, tmp_path)


@pytest.mark.parametrize("dtype", [np.uint8, np.int8], ids=["u8", "s8"])
def test_where(dtype, tmp_path):
    case = Case("where")
    condition = case.input(case.random.random((2, 1, 4)) > 0.5, "condition")
    x, y = case.input(case.codes(2, 3, 4, dtype=dtype)), case.input(case.codes(3, 1, dtype=dtype))
    case.node("QLinearWhere", [
        condition, x, case.scale(0.03), case.zero(7, dtype), y, case.scale(0.02),
        case.zero(3, dtype), case.scale(0.03), case.zero(9, dtype)], domain=MICROSOFT)
    judged(case, tmp_path)


@pytest.mark.parametrize("dtype", [np.uint8, np.int8], ids=["u8", "s8"])
@pytest.mark.parametrize("attributes", [
    dict(kernel_shape=[2, 2], strides=[2, 2]), dict(kernel_shape=[3, 3], pads=[1, 1, 1, 1]),
    dict(kernel_shape=[3, 3], pads=[1, 1, 1, 1], count_include_pad=1),
    dict(kernel_shape=[3, 2], strides=[2, 2], ceil_mode=1),
    dict(kernel_shape=[2, 2], auto_pad="SAME_UPPER"),
    dict(kernel_shape=[2, 2], strides=[2, 2], channels_last=1),
], ids=str)
def test_average_pools(attributes, dtype, tmp_path):
    case = Case(str(attributes))
    shape = (2, 7, 8, 3) if attributes.get("channels_last") else (2, 3, 7, 8)
    case.node("QLinearAveragePool", [
        case.input(case.codes(*shape, dtype=dtype)), case.scale(0.03), case.zero(10, dtype),
        case.scale(0.02), case.zero(20, dtype)], domain=MICROSOFT, **attributes)
    judged(case, tmp_path, steps=1)


@pytest.mark.parametrize("dtype", [np.uint8, np.int8], ids=["u8", "s8"])
@pytest.mark.parametrize("channels_last", [0, 1])
def test_global_average_pools(channels_last, dtype, tmp_path):
    case = Case("global average")
    x = case.input(case.codes(2, 6, 7, 5, dtype=dtype))
    zero = case.zero(120 if dtype is np.uint8 else -8, dtype)
    case.node("QLinearGlobalAveragePool", [
        x, case.scale(0.03), zero, case.scale(0.004), zero],
        domain=MICROSOFT, channels_last=channels_last)
    judged(case, tmp_path, steps=1)


# Reals to codes and back.

TYPES = {"uint8": TensorProto.UINT8, "int8": TensorProto.INT8, "uint16": TensorProto.UINT16,
         "int16": TensorProto.INT16, "uint4": TensorProto.UINT4, "int4": TensorProto.INT4}
LIMITS = {"uint8": (0, 255), "int8": (-128, 127), "uint16": (0, 65535), "int16": (-32768, 32767),
          "uint4": (0, 15), "int4": (-8, 7)}


def typed(case, name, type, values):
    """A constant of any type that ONNX has."""
    values = np.asarray(values)
    tensor = helper.make_tensor(name, TYPES[type], values.shape, values.flatten().tolist())
    case.extra.append(tensor)
    return name


class TypedCase(Case):
    def __init__(self, name, opset=21):
        super().__init__(name, opset)
        self.extra = []

    def model(self):
        inner = self.extra
        inputs = [helper.make_tensor_value_info(
            name, helper.np_dtype_to_tensor_dtype(array.dtype), array.shape)
            for name, array in self.feeds.items()]
        graph = helper.make_graph(
            self.nodes, "typed", inputs,
            [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
            [numpy_helper.from_array(value, name) for name, value in self.constants.items()]
            + inner)
        return helper.make_model(graph, ir_version=10, opset_imports=[
            helper.make_opsetid("", self.opset), helper.make_opsetid(MICROSOFT, 1)])


@pytest.mark.parametrize("layout", ["tensor", "axis0", "axis1", "axis2", "block1", "block2"])
@pytest.mark.parametrize("type", TYPES)
def test_rounding_to_every_type(type, layout, tmp_path):
    case = TypedCase(type + layout)
    x = case.input(case.normal(3, 10, 7) * 3)
    low, high = LIMITS[type]
    attributes, shape = {}, ()
    if layout.startswith("axis"):
        attributes["axis"] = int(layout[4:])
        shape = ((3, 10, 7)[attributes["axis"]],)
    elif layout.startswith("block"):
        attributes = dict(axis=int(layout[5:]), block_size=4)
        shape = (3, 3, 7) if layout == "block1" else (3, 10, 2)
    width = 12 / (high - low)
    scale = case.constant(case.random.uniform(width / 2, width, shape).astype(np.float32))
    zeros = case.random.integers(low // 4, high // 4 + 1, shape) + (high + low + 1) // 2
    zero = typed(case, "z", type, np.clip(zeros, low, high))
    case.node("QuantizeLinear", [x, scale, zero], "q", **attributes)
    case.node("DequantizeLinear", ["q", scale, zero], **attributes)
    judged(case, tmp_path, relative=0)


@pytest.mark.parametrize("type", ["uint8", "int8", "uint16", "int16", "uint4", "int4"])
def test_rounding_in_the_other_domain(type, tmp_path):
    case = TypedCase("microsoft " + type, 17)
    low, high = LIMITS[type]
    x = case.input(case.normal(4, 6) * 3)
    scale = case.scale(14 / (high - low))
    zero = typed(case, "z", type, np.array((high + low + 1) // 2))
    case.node("QuantizeLinear", [x, scale, zero], "q", MICROSOFT)
    case.node("DequantizeLinear", ["q", scale, zero], domain=MICROSOFT)
    judged(case, tmp_path, relative=0)


@pytest.mark.parametrize("layout", ["tensor", "axis0", "axis1", "block0", "block1"])
@pytest.mark.parametrize("type", ["int4", "uint4", "int8", "uint8", "int32"])
def test_stored_weights_of_every_type(type, layout, tmp_path):
    case = TypedCase("stored" + type + layout)
    x = case.input(case.normal(3, 20))
    low, high = (-100, 100) if type == "int32" else LIMITS[type]
    shape, attributes = (), {}
    if layout.startswith("axis"):
        attributes["axis"] = int(layout[-1])
        shape = ((20, 9)[attributes["axis"]],)
    elif layout.startswith("block"):
        attributes = dict(axis=int(layout[-1]), block_size=8)
        shape = (3, 9) if layout == "block0" else (20, 2)
    codes = case.random.integers(low, high + 1, (20, 9))
    scale = case.constant(case.random.uniform(0.01, 0.1, shape).astype(np.float32))
    inputs = [case.constant(codes.astype(np.int32)) if type == "int32"
              else typed(case, "w", type, codes), scale]
    if type != "int32":
        inputs.append(typed(case, "z", type, case.random.integers(low, high + 1, shape)))
    case.node("DequantizeLinear", inputs, "d", **attributes)
    case.node("MatMul", [x, "d"])
    judged(case, tmp_path, relative=1e-5)


@pytest.mark.parametrize("bits, block, depth, zeros, extra", [
    (4, 16, 64, "none", ""), (4, 32, 64, "packed", ""), (4, 16, 50, "packed", ""),
    (4, 16, 48, "float", ""), (4, 32, 96, "none", "bias"), (8, 32, 64, "none", ""),
    (8, 16, 64, "packed", ""), (4, 128, 128, "packed", "bias"), (4, 16, 16, "packed", ""),
])
def test_packed_matrix_products(bits, block, depth, zeros, extra, tmp_path):
    case = TypedCase(f"{bits} {block} {depth} {zeros}", 17)
    columns, blocks = 12, -(-depth // block)
    x = case.input(case.normal(2, 3, depth))
    packed = case.codes(columns, blocks, block * bits // 8)
    inputs = [x, case.constant(packed), case.constant(
        case.random.uniform(0.01, 0.1, (columns, blocks)).astype(np.float32))]
    if zeros == "packed":
        inputs.append(case.constant(case.codes(columns, -(-blocks * bits // 8))))
    elif zeros == "float":
        inputs.append(case.constant(
            case.random.uniform(4, 11, (columns, blocks)).astype(np.float32)))
    if extra:
        inputs += [""] * (5 - len(inputs)) + [case.constant(case.normal(columns))]
    case.node("MatMulNBits", inputs, domain=MICROSOFT, K=depth, N=columns, bits=bits,
              block_size=block)
    judged(case, tmp_path, relative=1e-4)
