"""Graphs inside of nodes, and shapes that only the data tell: run, quantized and exported."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

import models
from judge import decibels, relative, session
from program import answer, octet, run, succeed

KINDS = {
    "u8s8": [],
    "s8s8": ["--target", "ort_s8s8"],
    "qoperator": ["--format", "qoperator"],
    "dynamic": ["--dynamic"],
    "weights int8": ["--weight-only", "int8"],
    "weights int4": ["--weight-only", "int4"],
}


def value(name, shape, kind=TensorProto.FLOAT):
    return helper.make_tensor_value_info(name, kind, shape)


def constant(name, array):
    return numpy_helper.from_array(np.asarray(array), name)


def normal(seed, *shape):
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def model_of(nodes, inputs, outputs, constants):
    graph = helper.make_graph(nodes, "graph", inputs, outputs, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    onnx.checker.check_model(model, full_check=True)
    return model


def branch():
    """An If whose branches use the same names, weights from outside, and a value from outside."""
    def body(name, weight):
        return helper.make_graph(
            [helper.make_node("MatMul", ["h", weight], ["product"], "inner/MatMul"),
             helper.make_node("Relu", ["product"], ["result"], "inner/Relu")],
            name, [], [value("result", ["n", 8])])

    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["h"], "stem/MatMul"),
        helper.make_node("ReduceMax", ["x"], ["peak"], keepdims=0),
        helper.make_node("Greater", ["peak", "limit"], ["isLoud"]),
        helper.make_node("If", ["isLoud"], ["y"], "choice",
                         then_branch=body("then", "a"), else_branch=body("else", "b"))]
    return model_of(
        nodes, [value("x", ["n", 16])], [value("y", ["n", 8])],
        [constant("w", normal(1, 16, 16)), constant("a", normal(2, 16, 8)),
         constant("b", normal(3, 16, 8)), constant("limit", np.float32(5))])


def loop():
    """A Loop as often as the data say, with a state through a MatMul and what it scans."""
    body = helper.make_graph(
        [helper.make_node("MatMul", ["state", "w"], ["product"], "step/MatMul"),
         helper.make_node("Tanh", ["product"], ["next"], "step/Tanh"),
         helper.make_node("Add", ["next", "x"], ["sum"], "step/Add"),
         helper.make_node("Identity", ["go"], ["goes"]),
         helper.make_node("Identity", ["next"], ["trace"])],
        "body", [value("i", [], TensorProto.INT64), value("go", [], TensorProto.BOOL),
                 value("state", ["n", 8])],
        [value("goes", [], TensorProto.BOOL), value("sum", ["n", 8]), value("trace", ["n", 8])])
    nodes = [helper.make_node("Loop", ["times", "", "x"], ["y", "traces"], "loop", body=body)]
    return model_of(
        nodes, [value("x", ["n", 8]), value("times", [], TensorProto.INT64)],
        [value("y", ["n", 8]), value("traces", ["t", "n", 8])],
        [constant("w", normal(4, 8, 8) / 3)])


def scan():
    """A Scan over the second axis, backwards, with a product in its body."""
    body = helper.make_graph(
        [helper.make_node("MatMul", ["slice", "w"], ["product"], "scan/MatMul"),
         helper.make_node("Add", ["product", "state"], ["sum"], "scan/Add"),
         helper.make_node("Relu", ["sum"], ["kept"], "scan/Relu")],
        "body", [value("state", ["n", 8]), value("slice", ["n", 8])],
        [value("sum", ["n", 8]), value("kept", ["n", 8])])
    nodes = [helper.make_node(
        "Scan", ["start", "x"], ["last", "y"], "scan", body=body, num_scan_inputs=1,
        scan_input_axes=[1], scan_input_directions=[1], scan_output_axes=[1])]
    return model_of(
        nodes, [value("start", ["n", 8]), value("x", ["n", "t", 8])],
        [value("last", ["n", 8]), value("y", ["n", "t", 8])], [constant("w", normal(5, 8, 8))])


def chosen_rows():
    """A product over the rows that are positive: nobody knows how many before the data are there."""
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["h"], "first/MatMul"),
        helper.make_node("ReduceSum", ["h", "axes"], ["sums"], keepdims=0),
        helper.make_node("Greater", ["sums", "zero"], ["isChosen"]),
        helper.make_node("NonZero", ["isChosen"], ["found"]),
        helper.make_node("Squeeze", ["found", "first"], ["rows"]),
        helper.make_node("Gather", ["h", "rows"], ["chosen"]),
        helper.make_node("MatMul", ["chosen", "v"], ["y"], "second/MatMul")]
    return model_of(
        nodes, [value("x", ["n", 8])], [value("y", ["m", 4])],
        [constant("w", normal(6, 8, 8)), constant("v", normal(7, 8, 4)),
         constant("axes", np.array([1], np.int64)), constant("first", np.array([0], np.int64)),
         constant("zero", np.float32(0))])


MADE = {
    "branch": (branch, [{"x": normal(10, 4, 16)}, {"x": normal(11, 4, 16) * 8}]),
    "loop": (loop, [{"x": normal(12, 3, 8), "times": np.array(0, np.int64)},
                    {"x": normal(13, 3, 8), "times": np.array(5, np.int64)}]),
    "scan": (scan, [{"start": normal(14, 2, 8), "x": normal(15, 2, 5, 8)}]),
    "chosen_rows": (chosen_rows, [{"x": normal(16, 6, 8)}, {"x": normal(17, 9, 8)}]),
}


@pytest.mark.parametrize("name", MADE)
def test_float_agrees(name, tmp_path):
    build, feeds = MADE[name]
    file = tmp_path / "model.onnx"
    onnx.save(build(), file)
    judge = session(file)
    for feed in feeds:
        found = run(file, feed, tmp_path)
        for output, expected in zip(judge.get_outputs(), judge.run(None, feed)):
            assert found[output.name].shape == expected.shape
            assert expected.size == 0 or relative(expected, found[output.name]) < 1e-5


def judged(file, original, feed, folder, quiet=15):
    """Ours against the judge on the exported model, and how far it is from the float one."""
    onnx.checker.check_model(onnx.load(file))
    found = run(file, feed, folder)
    for optimized in (False, True):
        judge = session(file, optimized=optimized)
        for output, expected in zip(judge.get_outputs(), judge.run(None, feed)):
            assert found[output.name].shape == expected.shape
            if expected.size and not optimized:
                assert decibels(expected, found[output.name]) > 35
    judge = session(original)
    for output, expected in zip(judge.get_outputs(), judge.run(None, feed)):
        if expected.size:
            assert decibels(expected, found[output.name]) > quiet


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["branch", "scan", "chosen_rows"])
def test_layers_inside_are_quantized(name, kind, tmp_path):
    build, feeds = MADE[name]
    original, file = tmp_path / "model.onnx", tmp_path / "model.int8.onnx"
    onnx.save(build(), original)
    data = []
    if kind in ("u8s8", "s8s8", "qoperator"):
        folder = tmp_path / "data.npz"
        several = [{key: np.concatenate([feed[key][:4] for feed in feeds]) for key in feeds[0]}]
        np.savez(folder, **several[0])
        data = ["--data", folder, "--batch", 2 if name == "scan" else 4]
    report = answer("quantize", original, *data, "-o", file, *KINDS[kind])
    products = sum(report[key] for key in ("int8Layers", "dynamicLayers", "weightOnlyLayers"))
    assert products >= {"branch": 3, "scan": 1, "chosen_rows": 2}[name]
    if name == "branch":
        inside = [node.op_type for node in onnx.load(file).graph.node if node.op_type == "If"]
        assert inside
        for node in onnx.load(file).graph.node:
            for attribute in node.attribute:
                if attribute.HasField("g"):
                    used = {inner.op_type for inner in attribute.g.node}
                    assert used & {"DequantizeLinear", "MatMulInteger"}, used
    for feed in feeds:
        if name == "chosen_rows":
            # Rounding may choose other rows; the shapes then differ, and nothing can be compared.
            found = run(file, feed, tmp_path)
            expected = session(file).run(None, feed)[0]
            assert found["y"].shape == expected.shape and decibels(expected, found["y"]) > 35
        else:
            judged(file, original, feed, tmp_path, quiet=8 if "int4" in kind else 15)


@pytest.mark.parametrize("kind", KINDS)
def test_both_branches_of_the_toy_are_quantized(kind, tmp_path):
    original, file = models.path("toy_if_linear"), tmp_path / "if.int8.onnx"
    with np.load(models.MODELS.parent / "Data/toy_if_inputs.npz") as kept:
        inputs = {name: kept[name].astype(np.float32) for name in kept.files}
    noise = normal(20, 8, *inputs["x_then"].shape) * 0.2
    data = tmp_path / "data.npz"
    np.savez(data, x=np.concatenate(
        [part for one in noise for part in (inputs["x_then"] + one, inputs["x_else"] + one)]))
    static = kind in ("u8s8", "s8s8", "qoperator")
    report = answer("quantize", original, *(["--data", data, "--batch", 4] if static else []),
                    "-o", file, *KINDS[kind])
    assert report[{"dynamic": "dynamicLayers"}.get(
        kind, "int8Layers" if static else "weightOnlyLayers")] == 5
    for name in inputs:
        judged(file, original, {"x": inputs[name]}, tmp_path, quiet=8 if "int4" in kind else 15)


def test_a_branch_that_never_ran_stays_in_float(tmp_path):
    data, file = tmp_path / "data.npz", tmp_path / "if.int8.onnx"
    with np.load(models.MODELS.parent / "Data/toy_if_inputs.npz") as kept:
        then = kept["x_then"].astype(np.float32)
    np.savez(data, x=np.concatenate([then, then * 1.1, then * 0.9]))
    done = succeed("quantize", models.path("toy_if_linear"), "--data", data, "--batch", 4, "-o",
                   file)
    assert "/b1/Gemm: no batch of the calibration ran it" in done.errors
    branches = {attribute.name: {node.op_type for node in attribute.g.node}
                for node in onnx.load(file).graph.node if node.op_type == "If"
                for attribute in node.attribute}
    assert "QuantizeLinear" in branches["then_branch"]
    assert "QuantizeLinear" not in branches["else_branch"]
    # Told otherwise: without ranges it can still be quantized when it runs.
    again = octet("quantize", models.path("toy_if_linear"), "--data", data, "--batch", 4, "-o",
                  tmp_path / "other.onnx", "--set", "layer=/b1/Gemm:precision=dynamic", "--set",
                  "layer=/b2/Gemm:precision=dynamic")
    assert again.status == 0 and "no batch" not in again.errors
