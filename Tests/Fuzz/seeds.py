"""Small models that a fuzzer starts from: the fixtures, and some with graphs inside nodes, recurrent
layers and codes."""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

MODELS = Path(__file__).resolve().parents[1] / "Fixtures/Models"
LARGEST = 200_000
# Broken already, so that nothing comes of them but their message.
BROKEN = {"absurd_input", "cyclic", "huge_tensor", "no_output", "opset6", "opset99", "short_tensor",
          "twice", "undefined"}


def value(name, shape, kind=TensorProto.FLOAT):
    return helper.make_tensor_value_info(name, kind, shape)


def constant(name, array):
    return numpy_helper.from_array(np.asarray(array), name)


def model(nodes, inputs, outputs, constants, opset=17):
    graph = helper.make_graph(nodes, "seed", inputs, outputs, constants)
    made = helper.make_model(graph, opset_imports=[
        helper.make_opsetid("", opset), helper.make_opsetid("com.microsoft", 1)])
    made.ir_version = 9
    return made


def branches(random):
    def branch(name, factor):
        return helper.make_graph(
            [helper.make_node("Mul", ["x", f"{name}_factor"], [f"{name}_out"])], name, [],
            [value(f"{name}_out", ["n", 4])], [constant(f"{name}_factor", np.float32(factor))])
    nodes = [
        helper.make_node("ReduceSum", ["x"], ["sum"], keepdims=0),
        helper.make_node("Greater", ["sum", "zero"], ["condition"]),
        helper.make_node("If", ["condition"], ["y"], then_branch=branch("then", 2),
                         else_branch=branch("else", 3)),
    ]
    return model(nodes, [value("x", ["n", 4])], [value("y", ["n", 4])],
                 [constant("zero", np.float32(0))])


def loop(random):
    body = helper.make_graph(
        [helper.make_node("Add", ["state", "step"], ["next"]),
         helper.make_node("Identity", ["next"], ["scanned"]),
         helper.make_node("Identity", ["go"], ["still"])], "body",
        [value("i", [], TensorProto.INT64), value("go", [], TensorProto.BOOL), value("state", [3])],
        [value("still", [], TensorProto.BOOL), value("next", [3]), value("scanned", [3])],
        [constant("step", np.ones(3, np.float32))])
    nodes = [helper.make_node("Loop", ["count", "", "x"], ["y", "all"], body=body)]
    return model(nodes, [value("x", [3])], [value("y", [3]), value("all", ["t", 3])],
                 [constant("count", np.int64(4))])


def scan(random):
    body = helper.make_graph(
        [helper.make_node("Add", ["sum", "row"], ["more"]),
         helper.make_node("Identity", ["more"], ["out"])], "body",
        [value("sum", [2]), value("row", [2])], [value("more", [2]), value("out", [2])])
    nodes = [helper.make_node("Scan", ["x0", "x"], ["y", "all"], body=body, num_scan_inputs=1)]
    return model(nodes, [value("x", ["t", 2])], [value("y", [2]), value("all", ["t", 2])],
                 [constant("x0", np.zeros(2, np.float32))])


def recurrent(random):
    weights = [constant(name, random.uniform(-1, 1, shape).astype(np.float32)) for name, shape in
               [("w", (1, 12, 4)), ("r", (1, 12, 3)), ("b", (1, 24))]]
    nodes = [helper.make_node("LSTM", ["x", "w", "r", "b"], ["all", "h", "c"], hidden_size=3),
             helper.make_node("Squeeze", ["all", "one"], ["y"])]
    return model(nodes, [value("x", ["t", "n", 4])], [value("y", ["t", "n", 3]), value("h", [1, "n", 3])],
                 weights + [constant("one", np.array([1], np.int64))])


def quantized(random):
    nodes = [
        helper.make_node("QuantizeLinear", ["x", "sx", "zx"], ["xq"]),
        helper.make_node("DequantizeLinear", ["xq", "sx", "zx"], ["xd"]),
        helper.make_node("DequantizeLinear", ["w", "sw", "zw"], ["wd"], axis=0),
        helper.make_node("Conv", ["xd", "wd"], ["c"], kernel_shape=[3, 3], pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["c"], ["a"]),
        helper.make_node("QuantizeLinear", ["a", "sx", "zx"], ["yq"]),
        helper.make_node("DequantizeLinear", ["yq", "sx", "zx"], ["y"]),
    ]
    constants = [
        constant("sx", np.float32(0.03)), constant("zx", np.uint8(128)),
        constant("w", random.integers(-127, 128, (4, 2, 3, 3)).astype(np.int8)),
        constant("sw", np.full(4, 0.01, np.float32)), constant("zw", np.zeros(4, np.int8))]
    return model(nodes, [value("x", ["n", 2, 6, 6])], [value("y", ["n", 4, 6, 6])], constants)


def codes(random):
    nodes = [
        helper.make_node("QuantizeLinear", ["x", "s", "z"], ["xq"]),
        helper.make_node("QLinearConv", ["xq", "s", "z", "w", "sw", "zw", "s", "z"], ["yq"]),
        helper.make_node("DequantizeLinear", ["yq", "s", "z"], ["y"]),
    ]
    constants = [
        constant("s", np.float32(0.05)), constant("z", np.uint8(120)),
        constant("w", random.integers(-127, 128, (3, 2, 1, 1)).astype(np.int8)),
        constant("sw", np.float32(0.02)), constant("zw", np.int8(0))]
    return model(nodes, [value("x", [1, 2, 5, 5])], [value("y", [1, 3, 5, 5])], constants)


def dynamic(random):
    nodes = [
        helper.make_node("DynamicQuantizeLinear", ["x"], ["xq", "xs", "xz"]),
        helper.make_node("MatMulInteger", ["xq", "w", "xz", "wz"], ["sums"]),
        helper.make_node("Cast", ["sums"], ["real"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["xs", "ws"], ["scale"]),
        helper.make_node("Mul", ["real", "scale"], ["y"]),
    ]
    constants = [constant("w", random.integers(-127, 128, (6, 5)).astype(np.int8)),
                 constant("wz", np.int8(0)), constant("ws", np.float32(0.01))]
    return model(nodes, [value("x", ["n", 6])], [value("y", ["n", 5])], constants)


def shapes(random):
    nodes = [
        helper.make_node("Shape", ["x"], ["shape"]),
        helper.make_node("Slice", ["shape", "zero", "one"], ["rows"]),
        helper.make_node("Concat", ["rows", "minus"], ["target"], axis=0),
        helper.make_node("Reshape", ["x", "target"], ["flat"]),
        helper.make_node("Gather", ["flat", "indices"], ["some"], axis=1),
        helper.make_node("Pad", ["some", "pads"], ["padded"]),
        helper.make_node("Tile", ["padded", "repeats"], ["tiled"]),
        helper.make_node("TopK", ["tiled", "one"], ["y", "places"]),
    ]
    constants = [constant(name, np.array(numbers, np.int64)) for name, numbers in
                 [("zero", [0]), ("one", [1]), ("minus", [-1]), ("indices", [0, 2]),
                  ("pads", [0, 1, 0, 1]), ("repeats", [1, 2])]]
    return model(nodes, [value("x", ["n", 2, 3])], [value("y", ["n", 1])], constants)


def normalized(random):
    nodes = [
        helper.make_node("BatchNormalization", ["x", "g", "b", "m", "v"], ["n"]),
        helper.make_node("MaxPool", ["n"], ["p"], kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node("ConvTranspose", ["p", "w"], ["t"], strides=[2, 2]),
        helper.make_node("Resize", ["t", "", "scales"], ["r"], mode="linear"),
        helper.make_node("Softmax", ["r"], ["y"], axis=1),
    ]
    constants = [constant(name, array.astype(np.float32)) for name, array in
                 [("g", np.ones(2)), ("b", np.zeros(2)), ("m", np.zeros(2)), ("v", np.ones(2)),
                  ("w", random.uniform(-1, 1, (2, 2, 2, 2))), ("scales", np.array([1, 1, 2, 2]))]]
    return model(nodes, [value("x", [1, 2, 8, 8])], [value("y", [1, 2, 16, 16])], constants)


BUILT = [branches, loop, scan, recurrent, quantized, codes, dynamic, shapes, normalized]


def seeds():
    """Names and bytes of all seeds, the same every time."""
    random = np.random.default_rng(0)
    found = [(build.__name__, build(random).SerializeToString()) for build in BUILT]
    for file in sorted(MODELS.glob("*.onnx")):
        if file.stat().st_size <= LARGEST and file.stem not in BROKEN:
            found.append((file.stem, file.read_bytes()))
    return found
