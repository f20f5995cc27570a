"""Writes operators, quantized, codes and dynamic.cases: small models with recorded outputs.

Each file is a sequence of ONNX models, each behind its length as a little-endian uint32. A model
holds, beside its graph, initializers `feed:<input>` and `expect:<output>`: data, and what ONNX
Runtime makes of them with graph optimizations off. Needs onnx, onnxruntime and numpy.
"""
import os
import struct

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

HERE = os.path.dirname(os.path.abspath(__file__))
rng = np.random.default_rng(7)


def normal(*shape):
    return rng.normal(size=shape).astype(np.float32)


def ints(*values):
    return np.array(values, np.int64)


def save(folder, name, nodes, feeds, constants, outputs, opset, domains=()):
    inputs = [
        helper.make_tensor_value_info(k, helper.np_dtype_to_tensor_dtype(v.dtype), v.shape)
        for k, v in feeds.items()
    ]
    outputs = [helper.make_empty_tensor_value_info(o) for o in outputs]
    graph = helper.make_graph(
        nodes, name, inputs, outputs, [numpy_helper.from_array(v, k) for k, v in constants.items()])
    imports = [helper.make_opsetid("", opset)] + [helper.make_opsetid(name, 1) for name in domains]
    model = helper.make_model(graph, opset_imports=imports, ir_version=9)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    results = session.run(None, feeds)
    del model.graph.output[:]
    for declared, value in zip(session.get_outputs(), results):
        model.graph.output.append(helper.make_tensor_value_info(
            declared.name, helper.np_dtype_to_tensor_dtype(value.dtype), value.shape))
        model.graph.initializer.append(numpy_helper.from_array(value, "expect:" + declared.name))
    for key, value in feeds.items():
        model.graph.initializer.append(numpy_helper.from_array(value, "feed:" + key))
    data = model.SerializeToString()
    with open(os.path.join(HERE, folder + ".cases"), "ab") as file:
        file.write(struct.pack("<I", len(data)) + data)


def operator(name, op, feeds, constants=None, outputs=1, opset=17, behind_conv=False, **attributes):
    """One node; `behind_conv` also writes a variant whose first input comes from a convolution."""
    constants = dict(constants or {})
    names = list(feeds) + list(constants)
    results = ["y"] if outputs == 1 else [f"y{i}" for i in range(outputs)]
    node = helper.make_node(op, names, results, name=name, **attributes)
    save("operators", name, [node], feeds, constants, results, opset)
    if behind_conv:
        first = list(feeds)[0]
        channels = feeds[first].shape[1]
        rank = feeds[first].ndim
        constants["cw"] = normal(channels, channels, *[1] * (rank - 2))
        conv = helper.make_node("Conv", [first, "cw"], ["c"], name="before")
        node = helper.make_node(op, ["c"] + names[1:], results, name=name, **attributes)
        save("operators", name + "_nhwc", [conv, node], feeds, constants, results, opset)


def write_operators():
    x4 = normal(2, 3, 7, 6)
    for tag, c, o, k, attributes in [
        ("plain", 3, 5, (3, 3), dict(pads=[1, 1, 1, 1])),
        ("stride_dilation", 3, 4, (3, 2), dict(strides=[2, 1], dilations=[1, 2], pads=[0, 1, 2, 1])),
        ("same_upper", 3, 4, (2, 4), dict(auto_pad="SAME_UPPER", strides=[2, 2])),
        ("same_lower", 3, 4, (2, 4), dict(auto_pad="SAME_LOWER")),
        ("valid", 3, 4, (3, 3), dict(auto_pad="VALID")),
        ("depthwise", 3, 3, (3, 3), dict(group=3, pads=[1, 1, 1, 1])),
        ("multiplier", 3, 6, (3, 3), dict(group=3)),
    ]:
        groups = attributes.get("group", 1)
        operator("conv_" + tag, "Conv", {"x": x4},
                 {"w": normal(o, c // groups, *k), "b": normal(o)}, **attributes)
    operator("conv_1d", "Conv", {"x": normal(1, 2, 9)}, {"w": normal(4, 2, 3)}, pads=[1, 1])
    operator("conv_grouped", "Conv", {"x": normal(1, 4, 5, 5)}, {"w": normal(6, 2, 3, 3)}, group=2)
    operator("convtranspose_2x2", "ConvTranspose", {"x": normal(1, 3, 4, 5)},
             {"w": normal(3, 2, 2, 2), "b": normal(2)}, strides=[2, 2])
    operator("convtranspose_odd", "ConvTranspose", {"x": normal(1, 4, 4, 5)},
             {"w": normal(4, 2, 3, 3)}, strides=[2, 3], pads=[1, 0, 0, 1],
             output_padding=[1, 1], group=2)
    operator("convtranspose_same", "ConvTranspose", {"x": normal(1, 2, 4, 4)},
             {"w": normal(2, 2, 3, 3)}, strides=[2, 2], auto_pad="SAME_UPPER")
    operator("convtranspose_shape", "ConvTranspose", {"x": normal(1, 2, 4, 4)},
             {"w": normal(2, 2, 3, 3)}, strides=[2, 2], output_shape=[8, 8])
    operator("matmul", "MatMul", {"x": normal(2, 3, 4)}, {"w": normal(4, 5)})
    operator("matmul_batched", "MatMul", {"a": normal(2, 1, 3, 4), "b": normal(5, 4, 2)})
    operator("matmul_vector", "MatMul", {"a": normal(4), "b": normal(3, 4, 2)})
    operator("gemm", "Gemm", {"x": normal(3, 4)}, {"w": normal(5, 4), "c": normal(5)},
             transB=1, alpha=0.5, beta=2.0)
    operator("gemm_whole", "Gemm", {"x": normal(3, 4)}, {"w": normal(4, 5), "c": normal(3, 5)})
    operator("gemm_computed", "Gemm",
             {"a": normal(4, 3), "b": normal(4, 5), "c": normal(3, 1)}, transA=1, beta=0.5)
    operator("batchnorm", "BatchNormalization", {"x": x4},
             {"s": normal(3), "b": normal(3), "m": normal(3), "v": np.abs(normal(3)) + 0.5},
             behind_conv=True)
    operator("layernorm", "LayerNormalization", {"x": normal(2, 3, 8)},
             {"s": normal(8), "b": normal(8)})
    for axis in (1, 2, -1):
        operator(f"softmax_{axis % 4}", "Softmax", {"x": x4}, axis=axis, behind_conv=True)
    operator("logsoftmax", "LogSoftmax", {"x": normal(3, 5)})
    operator("softmax_old", "Softmax", {"x": normal(2, 3, 4)}, opset=11, axis=1)
    wide = normal(2, 3, 4, 5) * 4
    for op, attributes in [
        ("Relu", {}), ("HardSwish", {}), ("HardSigmoid", dict(alpha=0.3, beta=0.4)), ("Sigmoid", {}),
        ("Tanh", {}), ("LeakyRelu", dict(alpha=0.2)), ("Elu", dict(alpha=1.5)), ("Softplus", {}),
        ("Erf", {}), ("Exp", {}), ("Neg", {}), ("Abs", {}), ("Reciprocal", {}), ("Floor", {}),
        ("Ceil", {}), ("Round", {}), ("Sign", {}),
    ]:
        operator("unary_" + op.lower(), op, {"x": wide}, **attributes)
    operator("unary_gelu", "Gelu", {"x": wide}, opset=20)
    operator("unary_log", "Log", {"x": np.abs(wide) + 0.1})
    operator("unary_sqrt", "Sqrt", {"x": np.abs(wide)})
    operator("clip", "Clip", {"x": wide},
             {"low": np.float32(-1), "high": np.float32(2)}, behind_conv=True)
    operator("clip_integers", "Clip", {"x": np.arange(-5, 5)}, {"l": np.int64(-2), "h": np.int64(3)})
    for op in ("Add", "Sub", "Mul", "Div", "Min", "Max"):
        operator("binary_" + op.lower(), op, {"a": normal(2, 3, 4, 5), "b": normal(2, 3, 4, 5)},
                 behind_conv=True)
    for tag, shape in [("scalar", ()), ("channel", (3, 1, 1)), ("row", (5,)), ("image", (2, 3, 1, 1)),
                       ("plane", (4, 5)), ("column", (1, 3, 4, 1)), ("scattered", (2, 1, 4, 1))]:
        operator("sub_" + tag, "Sub", {"a": normal(2, 3, 4, 5)}, {"b": normal(*shape)},
                 behind_conv=True)
    operator("sub_left", "Sub", {"a": normal(5), "b": normal(3, 1, 5)})
    operator("mul_outer", "Mul", {"a": normal(3, 1), "b": normal(1, 4)})
    operator("pow", "Pow", {"x": np.abs(normal(3, 4))}, {"e": normal(4)})
    operator("sum_three", "Sum", {"a": normal(2, 3), "b": normal(3), "c": normal(2, 1)})
    operator("div_integers", "Div", {"a": ints(-7, 7, 9)}, {"b": ints(2, -2, 4)})
    operator("equal", "Equal", {"a": ints(1, 2, 3), "b": ints(1, 5, 3)})
    operator("where", "Where", {"c": np.array([[True], [False]]), "a": normal(2, 3), "b": normal(3)})
    for op in ("MaxPool", "AveragePool"):
        tag = op.lower()
        operator(tag, op, {"x": x4}, kernel_shape=[3, 2], strides=[2, 2], pads=[1, 0, 1, 1],
                 behind_conv=True)
        operator(tag + "_ceil", op, {"x": x4}, kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1)
        operator(tag + "_1d", op, {"x": normal(1, 2, 9)}, kernel_shape=[3], strides=[2])
    operator("averagepool_included", "AveragePool", {"x": x4}, kernel_shape=[3, 3],
             pads=[1, 1, 1, 1], count_include_pad=1)
    operator("maxpool_dilated", "MaxPool", {"x": x4}, kernel_shape=[2, 2], dilations=[2, 2])
    for op in ("GlobalAveragePool", "GlobalMaxPool"):
        operator(op.lower(), op, {"x": x4}, behind_conv=True)
    for op in ("ReduceMean", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceL2"):
        operator(op.lower(), op, {"x": x4}, axes=[2, 3], behind_conv=True)
        operator(op.lower() + "_flat", op, {"x": x4}, axes=[1, 3], keepdims=0, behind_conv=True)
    operator("reducesum", "ReduceSum", {"x": x4}, {"axes": ints(-1)}, keepdims=0, behind_conv=True)
    operator("reducemean_18", "ReduceMean", {"x": x4}, {"axes": ints(1)}, opset=18, behind_conv=True)
    operator("reducesum_integers", "ReduceSum", {"x": np.arange(6).reshape(2, 3)}, {"axes": ints(0)})
    operator("flatten", "Flatten", {"x": x4}, behind_conv=True)
    operator("reshape", "Reshape", {"x": x4}, {"s": ints(0, -1, 6)}, behind_conv=True)
    operator("squeeze", "Squeeze", {"x": normal(2, 3, 1, 1)}, {"a": ints(2, 3)}, behind_conv=True)
    operator("unsqueeze", "Unsqueeze", {"x": normal(2, 3)}, {"a": ints(-1, 0)})
    for tag, perm in [("nhwc", [0, 2, 3, 1]), ("reverse", [3, 2, 1, 0]), ("swap", [0, 1, 3, 2])]:
        operator("transpose_" + tag, "Transpose", {"x": x4}, perm=perm, behind_conv=True)
    for axis in range(4):
        other = list((2, 3, 4, 5))
        other[axis] = 2
        operator(f"concat_{axis}", "Concat", {"a": normal(2, 3, 4, 5), "b": normal(*other)},
                 axis=axis, behind_conv=True)
    operator("split", "Split", {"x": normal(2, 6, 3, 3)}, {"s": ints(1, 2, 3)}, outputs=3, axis=1,
             behind_conv=True)
    operator("split_equal", "Split", {"x": normal(7, 2)}, outputs=2, opset=18, num_outputs=2)
    operator("slice", "Slice", {"x": x4},
             {"s": ints(1, -1), "e": ints(100, -100), "a": ints(1, 2), "t": ints(1, -2)},
             behind_conv=True)
    operator("gather", "Gather", {"x": normal(3, 4), "i": ints(2, -1, 0)}, axis=1)
    operator("expand", "Expand", {"x": normal(3, 1)}, {"s": ints(2, 1, 4)})
    operator("tile", "Tile", {"x": normal(2, 3)}, {"r": ints(2, 3)})
    for mode in ("constant", "reflect", "edge"):
        operator("pad_" + mode, "Pad", {"x": x4}, {"p": ints(0, 0, 1, 2, 0, 0, 2, 1)}, mode=mode,
                 behind_conv=True)
    operator("pad_channels", "Pad", {"x": x4},
             {"p": ints(0, 1, 0, -1, 0, 2, 1, 0), "v": np.float32(1.5)}, behind_conv=True)
    for mode in ("half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric"):
        for nearest in ("round_prefer_floor", "round_prefer_ceil", "floor", "ceil"):
            operator(f"resize_{mode}_{nearest}", "Resize", {"x": normal(1, 2, 4, 3)},
                     {"r": np.array([], np.float32), "s": np.array([1, 1, 1.75, 2], np.float32)},
                     mode="nearest", coordinate_transformation_mode=mode, nearest_mode=nearest)
        operator(f"resize_linear_{mode}", "Resize", {"x": normal(1, 2, 4, 3)},
                 {"r": np.array([], np.float32), "s": np.array([], np.float32),
                  "z": ints(1, 2, 9, 2)},
                 mode="linear", coordinate_transformation_mode=mode)
    operator("cast", "Cast", {"x": np.array([-1.7, 0, 2.9], np.float32)}, to=TensorProto.INT64)
    operator("cast_bool", "Cast", {"x": np.array([-1.7, 0, 2.9], np.float32)}, to=TensorProto.BOOL)
    operator("shape", "Shape", {"x": x4}, start=1)
    operator("quantize_axis", "QuantizeLinear", {"x": normal(2, 3, 4)},
             {"s": np.array([0.1, 0.2, 0.01], np.float32), "z": np.array([0, 3, -5], np.int8)}, axis=1)
    operator("quantize_16", "QuantizeLinear", {"x": normal(2, 3)},
             {"s": np.float32(0.001), "z": np.uint16(30000)}, opset=21)
    operator("dequantize_axis", "DequantizeLinear", {"x": rng.integers(-128, 128, (2, 3), np.int8)},
             {"s": np.array([0.1, 0.2, 0.01], np.float32), "z": np.array([0, 3, -5], np.int8)}, axis=1)
    for dtype in (np.uint8, np.int8):
        parameters = {"s": np.float32(0.05), "z": dtype(3)}
        name = np.dtype(dtype).name
        operator("quantize_" + name, "QuantizeLinear", {"x": x4 * 4}, parameters, behind_conv=True)
        codes = rng.integers(np.iinfo(dtype).min, np.iinfo(dtype).max + 1, (2, 3, 4), dtype)
        operator("dequantize_" + name, "DequantizeLinear", {"x": codes}, parameters)
    write_chains()


def write_chains():
    """Neighbours that become one step."""
    w, b = normal(4, 3, 3, 3), normal(4)
    x = normal(2, 3, 6, 6)
    conv = helper.make_node("Conv", ["x", "w", "b"], ["c"], name="conv", pads=[1, 1, 1, 1])
    half = {"three": np.float32(3), "six": np.float32(6), "zero": np.float32(0)}
    save("operators", "chain_hardswish", [
        conv, helper.make_node("Add", ["c", "three"], ["p"]),
        helper.make_node("Clip", ["p", "zero", "six"], ["k"]),
        helper.make_node("Mul", ["c", "k"], ["m"]), helper.make_node("Div", ["m", "six"], ["y"]),
    ], {"x": x}, {"w": w, "b": b, **half}, ["y"], 17)
    save("operators", "chain_residual", [
        helper.make_node("Conv", ["x", "v"], ["r"], name="shortcut"), conv,
        helper.make_node("Add", ["r", "c"], ["s"]), helper.make_node("Relu", ["s"], ["y"]),
    ], {"x": x}, {"w": w, "b": b, "v": normal(4, 3, 1, 1)}, ["y"], 17)
    save("operators", "chain_silu_twice_read", [
        conv, helper.make_node("Sigmoid", ["c"], ["g"]), helper.make_node("Mul", ["c", "g"], ["s"]),
        helper.make_node("Add", ["s", "c"], ["y"]),
    ], {"x": x}, {"w": w, "b": b}, ["y"], 17)
    save("operators", "chain_scalars", [
        helper.make_node("Mul", ["x", "three"], ["p"]), helper.make_node("Sub", ["six", "p"], ["q"]),
        helper.make_node("Div", ["q", "three"], ["r"]), helper.make_node("Exp", ["r"], ["y"]),
    ], {"x": x}, half, ["y"], 17)
    save("operators", "chain_bias_matmul", [
        helper.make_node("MatMul", ["x", "w"], ["p"]), helper.make_node("Add", ["b", "p"], ["q"]),
        helper.make_node("Tanh", ["q"], ["y"]),
    ], {"x": normal(3, 4)}, {"w": normal(4, 5), "b": normal(5)}, ["y"], 17)


class Quantized:
    """Builds a model with quantizers around every operator, from real inputs."""

    def __init__(self, name, signed):
        self.name, self.type = name, np.int8 if signed else np.uint8
        self.nodes, self.constants, self.feeds, self.count = [], {}, {}, 0

    def pair(self, value, scale, zero):
        """A quantizer and a dequantizer behind `value`."""
        n = self.count = self.count + 1
        self.constants[f"s{n}"] = np.float32(scale)
        self.constants[f"z{n}"] = self.type(zero - 128 if self.type is np.int8 else zero)
        self.nodes.append(helper.make_node("QuantizeLinear", [value, f"s{n}", f"z{n}"], [f"q{n}"]))
        self.nodes.append(helper.make_node("DequantizeLinear", [f"q{n}", f"s{n}", f"z{n}"], [f"d{n}"]))
        return f"d{n}"

    def input(self, value, scale=0.03, zero=120):
        name = f"x{len(self.feeds)}"
        self.feeds[name] = value
        return self.pair(name, scale, zero)

    def weights(self, shape, axis):
        n = self.count = self.count + 1
        self.constants[f"w{n}"] = rng.integers(-127, 128, shape).astype(np.int8)
        scales = rng.uniform(0.002, 0.01, shape[axis]).astype(np.float32)
        self.constants[f"ws{n}"] = scales
        self.constants[f"wz{n}"] = np.zeros(shape[axis], np.int8)
        self.nodes.append(helper.make_node(
            "DequantizeLinear", [f"w{n}", f"ws{n}", f"wz{n}"], [f"wd{n}"], axis=axis))
        return f"wd{n}", scales

    def bias(self, scales, input_scale=0.03):
        n = self.count = self.count + 1
        self.constants[f"b{n}"] = rng.integers(-3000, 3000, len(scales)).astype(np.int32)
        self.constants[f"bs{n}"] = (scales * np.float32(input_scale)).astype(np.float32)
        self.constants[f"bz{n}"] = np.zeros(len(scales), np.int32)
        self.nodes.append(helper.make_node(
            "DequantizeLinear", [f"b{n}", f"bs{n}", f"bz{n}"], [f"bd{n}"], axis=0))
        return f"bd{n}"

    def node(self, op, inputs, **attributes):
        n = self.count = self.count + 1
        self.nodes.append(helper.make_node(op, inputs, [f"r{n}"], name=f"{op}{n}", **attributes))
        return f"r{n}"

    def constant(self, value):
        n = self.count = self.count + 1
        self.constants[f"c{n}"] = value
        return f"c{n}"

    def save(self, value):
        self.nodes[-1].output[0] = "y"
        suffix = "_s8" if self.type is np.int8 else "_u8"
        save("quantized", self.name + suffix, self.nodes, self.feeds, self.constants, ["y"], 17)


def write_quantized(signed):
    def start(name):
        return Quantized(name, signed)

    for tag, shape, weights, attributes in [
        ("conv", (2, 5, 7, 6), (9, 5, 3, 3), dict(pads=[1, 1, 1, 1])),
        ("conv_stride", (1, 3, 9, 9), (6, 3, 3, 3), dict(strides=[2, 2], pads=[0, 0, 1, 1])),
        ("depthwise", (1, 8, 7, 7), (8, 1, 3, 3), dict(group=8, pads=[1, 1, 1, 1])),
        ("grouped", (1, 4, 6, 6), (6, 2, 3, 3), dict(group=2)),
        ("conv_1d", (1, 4, 12), (5, 4, 3), dict(pads=[1, 1])),
        ("pointwise", (1, 24, 5, 5), (17, 24, 1, 1), {}),
    ]:
        m = start(tag)
        x = m.input(normal(*shape))
        w, scales = m.weights(weights, 0)
        r = m.node("Conv", [x, w, m.bias(scales)], **attributes)
        m.save(m.pair(m.node("Relu", [r]), 0.02, 0))
    m = start("conv_hardswish")
    x = m.input(normal(1, 5, 6, 6))
    w, scales = m.weights((7, 5, 3, 3), 0)
    d = m.pair(m.node("Conv", [x, w, m.bias(scales)]), 0.05, 100)
    m.save(m.pair(m.node("HardSwish", [d]), 0.04, 10))
    m = start("convtranspose")
    x = m.input(normal(1, 6, 4, 4))
    w, scales = m.weights((6, 3, 2, 2), 1)
    m.save(m.pair(m.node("ConvTranspose", [x, w, m.bias(scales)], strides=[2, 2]), 0.03, 128))
    m = start("gemm")
    x = m.input(normal(3, 20))
    w, scales = m.weights((11, 20), 0)
    m.save(m.pair(m.node("Gemm", [x, w, m.bias(scales)], transB=1), 0.05, 128))
    m = start("matmul_bias")
    x = m.input(normal(2, 3, 20))
    w, scales = m.weights((20, 9), 1)
    r = m.node("MatMul", [x, w])
    m.save(m.pair(m.node("Add", [r, m.constant(normal(9))]), 0.05, 128))
    for op in ("Add", "Sub", "Mul"):
        m = start(op.lower())
        a, b = m.input(normal(2, 3, 4, 5)), m.input(normal(2, 3, 4, 5), 0.02, 140)
        m.save(m.pair(m.node(op, [a, b]), 0.04, 120))
        m = start(op.lower() + "_image")
        a, b = m.input(normal(2, 3, 1, 1)), m.input(normal(2, 3, 4, 5), 0.02, 140)
        m.save(m.pair(m.node(op, [a, b]), 0.04, 120))
    m = start("add_relu")
    a, b = m.input(normal(1, 3, 4, 5)), m.input(normal(1, 3, 4, 5), 0.02, 140)
    m.save(m.pair(m.node("Relu", [m.node("Add", [a, b])]), 0.02, 0))
    m = start("sigmoid")
    m.save(m.pair(m.node("Sigmoid", [m.input(normal(2, 3, 4, 5))]), 1 / 256, 0))
    m = start("maxpool")
    r = m.node("MaxPool", [m.input(normal(2, 3, 6, 6))], kernel_shape=[3, 3], strides=[2, 2],
               pads=[1, 1, 1, 1])
    m.save(m.pair(r, 0.03, 120))
    m = start("averagepool")
    r = m.node("AveragePool", [m.input(normal(2, 3, 6, 6))], kernel_shape=[2, 2], strides=[2, 2])
    m.save(m.pair(r, 0.02, 120))
    m = start("globalaverage")
    m.save(m.pair(m.node("GlobalAveragePool", [m.input(normal(2, 3, 6, 6))]), 0.005, 120))
    m = start("mean_flat")
    r = m.node("ReduceMean", [m.input(normal(2, 3, 6, 6))], axes=[2, 3], keepdims=0)
    m.save(m.pair(r, 0.005, 120))
    m = start("concat_scales")
    a, b = m.input(normal(1, 3, 4, 5)), m.input(normal(1, 2, 4, 5), 0.02, 140)
    m.save(m.pair(m.node("Concat", [a, b], axis=1), 0.03, 130))
    m = start("concat_same")
    a, b = m.input(normal(1, 3, 4, 5)), m.input(normal(1, 3, 4, 5))
    m.save(m.pair(m.node("Concat", [a, b], axis=2), 0.03, 120))
    m = start("movement")
    d = m.pair(m.node("Transpose", [m.input(normal(1, 4, 3, 5))], perm=[0, 2, 1, 3]), 0.03, 120)
    d = m.pair(m.node("Reshape", [d, m.constant(ints(1, 6, 2, 5))]), 0.03, 120)
    d = m.pair(m.node("Slice", [d, m.constant(ints(1)), m.constant(ints(5)), m.constant(ints(1))]),
               0.03, 120)
    d = m.pair(m.node("Pad", [d, m.constant(ints(0, 0, 1, 0, 0, 0, 0, 2))]), 0.03, 120)
    d = m.pair(m.node("Resize", [d, "", m.constant(np.array([1, 1, 2, 2], np.float32))],
                      mode="nearest", coordinate_transformation_mode="asymmetric",
                      nearest_mode="floor"), 0.03, 120)
    m.save(m.pair(m.node("Flatten", [d]), 0.03, 120))
    m = start("requantize")
    m.save(m.pair(m.input(normal(3, 4)), 0.05, 90))


class OnCodes:
    """One operator that takes and gives codes, with the scales and zero points that it needs."""

    def __init__(self, signed):
        self.type = np.int8 if signed else np.uint8
        self.constants, self.feeds, self.inputs = {}, {}, []
        self.random = np.random.default_rng(11)

    def constant(self, value):
        name = f"c{len(self.constants)}"
        self.constants[name] = value
        self.inputs.append(name)

    def parameters(self, scale, zero):
        self.constant(np.float32(scale))
        self.constant(self.type(zero - 128 if self.type is np.int8 else zero))

    def input(self, shape, scale, zero):
        name = f"x{len(self.feeds)}"
        limits = np.iinfo(self.type)
        self.feeds[name] = self.random.integers(limits.min, limits.max + 1, shape, self.type)
        self.inputs.append(name)
        self.parameters(scale, zero)

    def weights(self, shape, channels):
        # Within 7 bits, where ONNX Runtime's sums of two products fit 16 bits.
        self.constant(self.random.integers(-63, 64, shape).astype(np.int8))
        self.constant(self.random.uniform(0.002, 0.01, channels).astype(np.float32))
        self.constant(np.zeros(channels, np.int8))

    def bias(self, channels):
        self.constant(self.random.integers(-3000, 3000, channels).astype(np.int32))

    def save(self, op, domain="com.microsoft", **attributes):
        node = helper.make_node(op, self.inputs, ["y"], name="node", domain=domain, **attributes)
        name = op + ("_s8" if self.type is np.int8 else "_u8")
        save("codes", name, [node], self.feeds, self.constants, ["y"], 17, ["com.microsoft"])


def write_codes(signed):
    m = OnCodes(signed)
    m.input((1, 4, 7, 6), 0.03, 120)
    m.weights((6, 2, 3, 3), 6)
    m.parameters(0.05, 100)
    m.bias(6)
    m.save("QLinearConv", "", group=2, pads=[1, 1, 1, 1])
    m = OnCodes(signed)
    m.input((2, 3, 20), 0.03, 120)
    m.weights((20, 9), 9)
    m.parameters(0.05, 100)
    m.save("QLinearMatMul", "")
    m = OnCodes(signed)
    m.input((20, 3), 0.03, 120)
    m.weights((9, 20), 9)
    m.bias(9)
    m.parameters(0.05, 100)
    m.save("QGemm", transA=1, transB=1, alpha=0.5)
    for op in ("QLinearAdd", "QLinearMul"):
        m = OnCodes(signed)
        m.input((2, 3, 4, 5), 0.03, 120)
        m.input((2, 3, 1, 1), 0.02, 130)
        m.parameters(0.05, 100)
        m.save(op)
    for op, attributes in [("QLinearSigmoid", {}), ("QLinearLeakyRelu", dict(alpha=0.2)),
                           ("QLinearSoftmax", dict(axis=1, opset=13)),
                           ("QLinearAveragePool", dict(kernel_shape=[2, 2], strides=[2, 2])),
                           ("QLinearGlobalAveragePool", dict(channels_last=0))]:
        m = OnCodes(signed)
        m.input((2, 3, 6, 8), 0.03, 120)
        m.parameters(1 / 256 if op in ("QLinearSigmoid", "QLinearSoftmax") else 0.03, 20)
        m.save(op, **attributes)
    m = OnCodes(signed)
    m.parameters(0.05, 100)
    m.input((1, 3, 4, 5), 0.03, 120)
    m.input((1, 2, 4, 5), 0.02, 130)
    m.save("QLinearConcat", axis=1)
    m = OnCodes(signed)
    m.feeds["condition"] = m.random.random((2, 1, 4)) > 0.5
    m.inputs.append("condition")
    m.input((2, 3, 4), 0.03, 120)
    m.input((3, 1), 0.02, 130)
    m.parameters(0.03, 120)
    m.save("QLinearWhere")


def recurrent(op, name, switches="", lengths=False, **attributes):
    """One layer with everything an operator can be given; `switches` name what is left out."""
    gates = {"LSTM": 4, "GRU": 3, "RNN": 1}[op]
    directions = 2 if attributes.get("direction") == "bidirectional" else 1
    hidden, inputs, batch, steps = 5, 4, 2, 4
    states = (directions, batch, hidden)
    rows = gates * hidden
    constants = {"W": normal(directions, rows, inputs), "R": normal(directions, rows, hidden)}
    names = ["x", "W", "R", "", "", ""] + ([""] * 2 if op == "LSTM" else [])
    feeds = {"x": normal(steps, batch, inputs)}
    if "b" not in switches:
        constants["B"], names[3] = 0.3 * normal(directions, 2 * rows), "B"
    if lengths:
        feeds["lengths"], names[4] = np.array([4, 2], np.int32), "lengths"
    if "h" not in switches:
        feeds["h"], names[5] = normal(*states), "h"
        if op == "LSTM":
            feeds["c"], names[6] = normal(*states), "c"
    if op == "LSTM" and "p" in switches:
        constants["P"], names[7] = normal(directions, 3 * hidden), "P"
    while not names[-1]:
        names.pop()
    outputs = ["y", "y_h", "y_c"][:3 if op == "LSTM" else 2]
    node = helper.make_node(op, names, outputs, name=name, hidden_size=hidden, **attributes)
    save("operators", name, [node], feeds, constants, outputs, 14)


def write_recurrent():
    for op in ("LSTM", "GRU", "RNN"):
        for direction in ("forward", "reverse", "bidirectional"):
            recurrent(op, f"{op}_{direction}", direction=direction)
            recurrent(op, f"{op}_{direction}_lengths", lengths=True, direction=direction)
        recurrent(op, f"{op}_bare", "bh")
        recurrent(op, f"{op}_clip", clip=0.4)
    recurrent("LSTM", "LSTM_peepholes", "p", direction="bidirectional")
    recurrent("LSTM", "LSTM_coupled", "p", input_forget=1)
    recurrent("GRU", "GRU_resets_product", linear_before_reset=1, direction="bidirectional")
    recurrent("GRU", "GRU_resets_product_clip", linear_before_reset=1, clip=0.4)
    recurrent("LSTM", "LSTM_activations", activations=["HardSigmoid", "Softsign", "ScaledTanh"],
              activation_alpha=[0.3, 1.5], activation_beta=[0.4, 0.7])
    recurrent("GRU", "GRU_activations", activations=["Affine", "Elu"], activation_alpha=[0.2, 1.3],
              activation_beta=[0.3])
    recurrent("RNN", "RNN_activations", activations=["ThresholdedRelu"], activation_alpha=[0.1])


def codes(kind, *shape):
    """Low enough that two products never saturate 16 bits."""
    low, high = (0, 128) if kind == np.uint8 else (-64, 64)
    return rng.integers(low, high, size=shape).astype(kind)


def write_dynamic():
    def node(op, inputs, outputs, **attributes):
        return helper.make_node(op, inputs, outputs, name=op, **attributes)
    for name, x in (("normal", normal(3, 7)), ("positive", 1 + normal(9) ** 2),
                    ("zeros", np.zeros((2, 3), np.float32))):
        save("dynamic", f"quantize_{name}", [node("DynamicQuantizeLinear", ["x"], ["q", "s", "z"])],
             {"x": x}, {}, ["q", "s", "z"], 13)
    for left in (np.uint8, np.int8):
        for right in (np.uint8, np.int8):
            kinds = f"{np.dtype(left).name}_{np.dtype(right).name}"
            for zero in ("none", "scalar", "columns"):
                constants = {"b": codes(right, 9, 6)}
                names = ["a", "b"]
                if zero != "none":
                    constants["az"] = codes(left)
                    constants["bz"] = codes(right, *((6,) if zero == "columns" else ()))
                    names += ["az", "bz"]
                save("dynamic", f"matmul_{kinds}_{zero}", [node("MatMulInteger", names, ["y"])],
                     {"a": codes(left, 2, 3, 9)}, constants, ["y"], 13)
            save("dynamic", f"matmul_{kinds}_computed",
                 [node("MatMulInteger", ["a", "b", "az", "bz"], ["y"])],
                 {"a": codes(left, 2, 3, 5), "b": codes(right, 2, 5, 4), "az": codes(left),
                  "bz": codes(right)}, {}, ["y"], 13)
    for name, x, w, attributes in (
            ("1d", (2, 3, 9), (4, 3, 3), dict(pads=[1, 2], strides=[2])),
            ("2d", (1, 4, 7, 8), (6, 4, 3, 3), dict(pads=[1, 1, 0, 1])),
            ("groups", (1, 4, 7, 8), (6, 2, 3, 2), dict(dilations=[2, 1], group=2)),
            ("depthwise", (2, 5, 6, 6), (5, 1, 3, 3), dict(pads=[1, 1, 1, 1], group=5))):
        for zero in (False, True):
            constants = {"w": rng.integers(0, 256, size=w).astype(np.uint8)}
            names = ["x", "w"]
            if zero:
                constants["xz"], constants["wz"] = codes(np.uint8), codes(np.uint8)
                names += ["xz", "wz"]
            save("dynamic", f"conv_{name}_{'zeros' if zero else 'plain'}",
                 [node("ConvInteger", names, ["y"], **attributes)], {"x": codes(np.uint8, *x)},
                 constants, ["y"], 13)
    for branches in (1, 2):
        write_dynamic_chain("MatMulInteger", branches, normal(2, 3, 8), (8, 6), (6,), {})
        write_dynamic_chain("ConvInteger", branches, normal(1, 4, 6, 5), (6, 4, 3, 3), (6, 1, 1),
                            dict(pads=[1, 1, 1, 1]))
    write_dynamic_lstm()


def write_dynamic_chain(op, branches, x, weights, channels, attributes):
    nodes = [helper.make_node("DynamicQuantizeLinear", ["x"], ["q", "s", "z"])]
    constants = {"w": codes(np.int8, *weights), "ws": rng.uniform(0.01, 0.02, channels).astype(
        np.float32), "wz": np.zeros((), np.int8), "bias": normal(*channels)}
    for i in range(branches):
        nodes += [
            helper.make_node(op, ["q", "w", "z", "wz"], [f"sum{i}"], **attributes),
            helper.make_node("Cast", [f"sum{i}"], [f"cast{i}"], to=TensorProto.FLOAT),
            helper.make_node("Mul", ["s", "ws"], [f"scales{i}"]),
            helper.make_node("Mul", [f"cast{i}", f"scales{i}"], [f"real{i}"]),
            helper.make_node("Add", [f"real{i}", "bias"], [f"y{i}"])]
    save("dynamic", f"chain_{op}_{branches}", nodes, {"x": x}, constants,
         [f"y{i}" for i in range(branches)], 13)


def write_dynamic_lstm():
    for kind in (np.int8, np.uint8):
        for parameters in ((2,), (2, 20)):
            zero = np.full(parameters, 64 if kind == np.uint8 else 0, kind)
            scale = rng.uniform(0.01, 0.02, parameters).astype(np.float32)
            constants = {"W": codes(kind, 2, 4, 20), "R": codes(kind, 2, 5, 20),
                         "B": 0.3 * normal(2, 40), "s": scale, "z": zero}
            node = helper.make_node(
                "DynamicQuantizeLSTM", ["x", "W", "R", "B", "", "", "", "", "s", "z", "s", "z"],
                ["y", "y_h", "y_c"], domain="com.microsoft", hidden_size=5,
                direction="bidirectional")
            save("dynamic", f"lstm_{np.dtype(kind).name}_{len(parameters)}", [node],
                 {"x": normal(4, 2, 4)}, constants, ["y", "y_h", "y_c"], 13, ["com.microsoft"])


if __name__ == "__main__":
    for folder in ("operators", "quantized", "codes", "dynamic"):
        open(os.path.join(HERE, folder + ".cases"), "wb").close()
    write_operators()
    write_quantized(False)
    write_quantized(True)
    write_codes(False)
    write_codes(True)
    write_recurrent()
    write_dynamic()
