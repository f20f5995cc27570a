"""Writes the hand-made models beside this file. Needs onnx 1.23 and numpy.

digits8_cnn.onnx and toy_conv_conv.onnx are not made here: they were trained and exported once.
"""

import os

import numpy as np
import onnx
from onnx import TensorProto as T
from onnx import helper as h
from onnx import numpy_helper as nh

HERE = os.path.dirname(os.path.abspath(__file__))
rng = np.random.default_rng(7)


def value(name, shape, type=T.FLOAT):
    return h.make_tensor_value_info(name, type, shape)


def free(name, rank, type=T.FLOAT):
    return value(name, [f"{name}{axis}" for axis in range(rank)], type)


def floats(name, *shape):
    return nh.from_array((rng.standard_normal(shape) * 0.5).astype(np.float32), name)


def ints(name, *values):
    return nh.from_array(np.array(values, np.int64), name)


def save(name, nodes, inputs, outputs, initializers=(), opset=13, ir=8, check=True, **extra):
    if ir < 4:
        inputs = list(inputs) + [value(i.name, i.dims, i.data_type) for i in initializers]
    graph = h.make_graph(nodes, "g", inputs, outputs, list(initializers), **extra)
    model = h.make_model(graph, opset_imports=[h.make_opsetid("", opset)], ir_version=ir,
                         producer_name="make_models")
    if check:
        onnx.checker.check_model(model)
    with open(os.path.join(HERE, name), "wb") as file:
        file.write(model.SerializeToString(deterministic=True))
    return model


N = h.make_node
x = value("x", [2, 3, 8, 8])

# Old words for the same things.
save("opset7_legacy.onnx", [
    N("Conv", ["x", "w"], ["c"], kernel_shape=[3, 3], pads=[1, 1, 1, 1]),
    N("BatchNormalization", ["c", "gamma", "beta", "mean", "var"], ["b"], spatial=1),
    N("Clip", ["b"], ["r6"], min=0.0, max=6.0),
    N("Clip", ["r6"], ["r"], max=5.0),
    N("Pad", ["r"], ["p"], pads=[0, 0, 1, 0, 0, 0, 0, 1], value=0.25),
    N("Slice", ["p"], ["s"], axes=[2, 3], starts=[0, 1], ends=[9, 9]),
    N("Upsample", ["s"], ["u"], scales=[1.0, 1.0, 2.0, 2.0], mode="nearest"),
    N("Dropout", ["u"], ["d"], ratio=0.3),
    N("ReduceSum", ["d"], ["rs"], axes=[3], keepdims=1),
    N("Squeeze", ["rs"], ["q"], axes=[3]),
    N("Softmax", ["q"], ["sm"]),
    N("Unsqueeze", ["sm"], ["uq"], axes=[0]),
    N("Split", ["uq"], ["y", "z"], axis=2, split=[1, 3]),
], [x], [free("y", 4), free("z", 4)],
    [floats("w", 4, 3, 3, 3), floats("gamma", 4), floats("beta", 4), floats("mean", 4),
     nh.from_array(np.array([0.5, 1, 2, 3], np.float32), "var")], opset=7, ir=3)

save("opset9_words.onnx", [
    N("Upsample", ["x", "scales"], ["u"], mode="linear"),
    N("TopK", ["u"], ["v", "i"], k=2, axis=3),
    N("Flatten", ["v"], ["f"]),
    N("LogSoftmax", ["f"], ["y"]),
], [x], [free("y", 2), free("i", 4, T.INT64)],
    [nh.from_array(np.array([1, 1, 2, 2], np.float32), "scales")], opset=9, ir=4)

save("opset10_resize.onnx", [
    N("Resize", ["x", "scales"], ["u"], mode="nearest"),
    N("Slice", ["u", "starts", "ends", "axes", "steps"], ["s"]),
    N("Dropout", ["s"], ["y"]),
], [x], [free("y", 4)],
    [nh.from_array(np.array([1, 1, 0.75, 0.5], np.float32), "scales"), ints("starts", 0),
     ints("ends", 9), ints("axes", 3), ints("steps", 2)], opset=10, ir=5)

branch = lambda name, op, **attributes: h.make_graph(
    [N(op, ["m"], [name], **attributes)], name, [], [free(name, 3)])
save("opset11_if.onnx", [
    N("ReduceSum", ["x"], ["t"], keepdims=0),
    N("Greater", ["t", "zero"], ["cond"]),
    N("ReduceMean", ["x"], ["m"], axes=[2, 3], keepdims=0),
    N("If", ["cond"], ["r"], then_branch=branch("a", "Unsqueeze", axes=[0]),
      else_branch=branch("b", "Unsqueeze", axes=[0])),
    N("Squeeze", ["r"], ["y"]),
], [x], [free("y", 2)], [nh.from_array(np.float32(0), "zero")], opset=11, ir=6)

save("opset8_spatial.onnx", [
    N("BatchNormalization", ["x", "k", "k", "k", "k"], ["y"], spatial=0),
], [x], [free("y", 4)], [floats("k", 3, 8, 8)], opset=8, check=False)
save("opset6.onnx", [N("Relu", ["x"], ["y"])], [x], [free("y", 4)], opset=6)
save("opset99.onnx", [N("Relu", ["x"], ["y"])], [x], [free("y", 4)], opset=99, check=False)

# Everything that folds.
save("folding.onnx", [
    N("Constant", [], ["border"], value=ints("", 0, 0, 1, 0, 0, 0, 1, 2)),
    N("Pad", ["x", "border"], ["padded"], mode="constant"),
    N("Conv", ["padded", "conv.weight"], ["conv"], name="/conv/Conv", pads=[1, 1, 1, 1]),
    N("BatchNormalization", ["conv", "gamma", "beta", "mean", "var"], ["bn"], name="/bn"),
    N("Identity", ["bn"], ["same"]),
    N("Mul", ["two", "same"], ["twice"]),
    N("Relu", ["twice"], ["relu"], name="/relu"),
    N("ConvTranspose", ["relu", "up.weight", "up.bias"], ["up"], name="/up", strides=[2, 2],
      group=2),
    N("Sub", ["up", "channels"], ["shifted"]),
    N("Div", ["shifted", "two"], ["half"]),
    N("GlobalAveragePool", ["half"], ["pool"]),
    N("Shape", ["gamma"], ["size"]),
    N("Concat", ["minus", "size"], ["target"], axis=0),
    N("Reshape", ["pool", "target"], ["flat"]),
    N("Gemm", ["flat", "fc.weight", "fc.bias"], ["fc"], name="/fc", transB=1),
    N("Add", ["fc", "row"], ["y"]),
    N("Neg", ["pool"], ["unused"]),
], [x], [free("y", 2)], [
    floats("conv.weight", 4, 3, 3, 3), floats("gamma", 4), floats("beta", 4), floats("mean", 4),
    nh.from_array(np.array([0.5, 1, 2, 3], np.float32), "var"),
    nh.from_array(np.float32(2), "two"), floats("up.weight", 4, 2, 2, 2), floats("up.bias", 4),
    floats("channels", 1, 4, 1, 1), ints("minus", -1), floats("fc.weight", 5, 4),
    floats("fc.bias", 5), floats("row", 1, 5)])

# Tensors in every kind of field.
def typed(name, type, values, shape=None):
    return h.make_tensor(name, type, shape or [len(values)], values)

types = [("float32", T.FLOAT, [1.5, -2.0]), ("float64", T.DOUBLE, [1.5, -2.0]),
         ("int8", T.INT8, [-128, 127]), ("uint8", T.UINT8, [0, 255]),
         ("int16", T.INT16, [-32768, 32767]), ("uint16", T.UINT16, [0, 65535]),
         ("int32", T.INT32, [-2**31, 2**31 - 1]), ("uint32", T.UINT32, [0, 2**32 - 1]),
         ("int64", T.INT64, [-2**63, 2**63 - 1]), ("uint64", T.UINT64, [0, 2**64 - 1]),
         ("bool", T.BOOL, [True, False]), ("float16", T.FLOAT16, [1.5, -2.0]),
         ("bfloat16", T.BFLOAT16, [1.5, -2.0]), ("int4", T.INT4, [-8, 7, 3]),
         ("uint4", T.UINT4, [15, 0, 9]), ("complex64", T.COMPLEX64, [1 + 2j, -1j])]
tensors = [typed(name, type, values) for name, type, values in types]
for name, type, values in types:
    if not name.startswith("complex"):
        raw = nh.from_array(nh.to_array(typed(name, type, values)), name + "_raw")
        if raw.data_type == type:
            tensors.append(raw)
tensors.append(typed("string", T.STRING, [b"one", b"\xff\xfe"]))
save("element_types.onnx", [N("Relu", ["x"], ["y"])], [x], [free("y", 4)], tensors, opset=21,
     ir=10)

# Weights outside.
def external(name, location, write=True, offset=64, length=None, dims=(4, 3, 3, 3)):
    weight = floats("w", 4, 3, 3, 3)
    payload = weight.raw_data
    if write:
        with open(os.path.join(HERE, "external", location), "wb") as file:
            file.write(b"\0" * offset + payload)
    weight.ClearField("raw_data")
    del weight.dims[:]
    weight.dims.extend(dims)
    weight.data_location = T.EXTERNAL
    for key, entry in [("location", location), ("offset", offset),
                       ("length", len(payload) if length is None else length)]:
        weight.external_data.add(key=key, value=str(entry))
    save("external/" + name, [N("Conv", ["x", "w"], ["y"])], [x], [free("y", 4)], [weight],
         check=False)

external("good.onnx", "weights.bin")
external("unaligned.onnx", "unaligned.bin", offset=61)
external("missing.onnx", "nowhere.bin", write=False)
external("escape.onnx", "../digits8_cnn.onnx", write=False)
external("absolute.onnx", "/etc/hostname", write=False)
external("beyond.onnx", "weights.bin", write=False, offset=128)
external("negative.onnx", "weights.bin", write=False, offset=-8)
external("mismatch.onnx", "weights.bin", write=False, length=12)
external("absurd.onnx", "weights.bin", write=False, dims=(1 << 40, 1 << 40))
external("linked.onnx", "link.bin", write=False)
link = os.path.join(HERE, "external", "link.bin")
if not os.path.islink(link):
    os.symlink("../digits8_cnn.onnx", link)

# Graphs that are none.
y = [free("y", 4)]
save("unsorted.onnx", [N("Relu", ["b"], ["y"]), N("Neg", ["a"], ["b"]), N("Abs", ["x"], ["a"])],
     [x], y, check=False)
save("cyclic.onnx", [N("Add", ["x", "b"], ["a"], name="first"),
                     N("Neg", ["a"], ["b"], name="second"), N("Abs", ["a"], ["y"])],
     [x], y, check=False)
save("twice.onnx", [N("Neg", ["x"], ["y"]), N("Abs", ["x"], ["y"])], [x], y, check=False)
save("undefined.onnx", [N("Add", ["x", "ghost"], ["y"], name="sum")], [x], y, check=False)
save("no_output.onnx", [N("Abs", ["x"], ["a"])], [x], y, check=False)
save("absurd_input.onnx", [N("Abs", ["x"], ["y"])], [value("x", [1 << 40, 1 << 40])], y)
short = floats("w", 4)
short.raw_data = short.raw_data[:12]
save("short_tensor.onnx", [N("Add", ["x", "w"], ["y"])], [x], y, [short], check=False)
huge = floats("w", 4)
del huge.dims[:]
huge.dims.extend([1 << 31, 1 << 31, 1 << 31])
save("huge_tensor.onnx", [N("Add", ["x", "w"], ["y"])], [x], y, [huge], check=False)

# Things that the importer does not interpret and must not lose.
kept = save("unknown_parts.onnx", [
    N("Widget", ["x", ""], ["a"], domain="com.example", name="w", zeta=1, alpha=[1.5, 2.5],
      words=["a", "b"], doc_string="odd"),
    N("Relu", ["a"], ["y"]),
], [x], y, [floats("k", 3)], check=False)
kept.opset_import.append(h.make_opsetid("com.example", 3))
kept.metadata_props.add(key="author", value="somebody")
kept.graph.metadata_props.add(key="scope", value="top")
kept.graph.node[0].metadata_props.add(key="origin", value="hand")
kept.graph.node[0].attribute[0].doc_string = "an attribute with words"
kept.graph.initializer[0].metadata_props.add(key="unit", value="mm")
kept.graph.quantization_annotation.add(tensor_name="a")
kept.functions.append(h.make_function("com.example", "Twice", ["p"], ["q"],
                                      [N("Add", ["p", "p"], ["q"])], [h.make_opsetid("", 13)]))
kept.graph.input[0].type.denotation = "TENSOR"
kept.graph.input[0].doc_string = "a picture"
with open(os.path.join(HERE, "unknown_parts.onnx"), "wb") as file:
    file.write(kept.SerializeToString(deterministic=True))

with open(os.path.join(HERE, "tensor.pb"), "wb") as file:
    file.write(typed("input_0", T.FLOAT, [1.0, 2.0, 3.0], [3, 1]).SerializeToString())

# One step of a recurrence: the caller hands `next` back as `state`.
save("stateful.onnx", [
    N("MatMul", ["x", "w"], ["a"], name="/input/MatMul"),
    N("MatMul", ["state", "r"], ["b"], name="/state/MatMul"),
    N("Add", ["a", "b"], ["s"], name="/Add"),
    N("Tanh", ["s"], ["next"], name="/Tanh"),
    N("MatMul", ["next", "v"], ["y"], name="/output/MatMul"),
], [value("x", [1, 4]), value("state", [1, 3])], [value("y", [1, 2]), value("next", [1, 3])],
    [floats("w", 4, 3), floats("r", 3, 3), floats("v", 3, 2)])
