#!/usr/bin/env python3
"""Times single operators in octet against ONNX Runtime, one thread, on the same shapes.

    .venv/bin/python Benchmarks/operators.py [--only PATTERN] [--runs N] [--write]

Each model is one operator at a size that real models have. Times are the least of all runs, as both
programs share the machine with others. OCTET names another binary than the release build. --write
puts the table into Documentation/Performance.md.
"""

import argparse
import datetime
import json
import os
import re
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import helper, numpy_helper

REPOSITORY = Path(__file__).resolve().parents[1]
REPORT = REPOSITORY / "Documentation/Performance.md"
OCTET = Path(os.environ.get("OCTET", REPOSITORY / ".build/release/octet"))
HEADING = "## Operators against ONNX Runtime, 1 thread"
FLOAT = np.float32


def ints(*values):
    return np.array(values, np.int64)


def scales(*values):
    return np.array(values, FLOAT)


def weights(*shape):
    return np.random.default_rng(1).standard_normal(shape).astype(FLOAT) * FLOAT(0.1)


IMAGE = (1, 64, 112, 112)
TEXT = (1, 256, 768)
HEADS = (1, 12, 256, 256)

# name: operator, inputs (a shape is fed, an array is a constant, None is left out), attributes,
# and what differs from one float32 output.
CASES = {
    "Resize linear ×2": ("Resize", [(1, 64, 56, 56), None, scales(1, 1, 2, 2)], {"mode": "linear"}),
    "Resize nearest ×2": (
        "Resize",
        [(1, 64, 56, 56), None, scales(1, 1, 2, 2)],
        {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"},
    ),
    "Resize linear 3 channels": (
        "Resize", [(1, 3, 480, 640), None, None, ints(1, 3, 224, 224)], {"mode": "linear"}),
    "Resize cubic ×2": ("Resize", [(1, 3, 112, 112), None, scales(1, 1, 2, 2)], {"mode": "cubic"}),
    "Softmax": ("Softmax", [HEADS], {"axis": -1}),
    "Softmax axis 1": ("Softmax", [(1, 21, 128, 128)], {"axis": 1}),
    "LogSoftmax": ("LogSoftmax", [(64, 1000)], {"axis": -1}),
    "LayerNormalization": ("LayerNormalization", [TEXT, weights(768), weights(768)], {"axis": -1}),
    "RMSNormalization": ("RMSNormalization", [TEXT, weights(768)], {"axis": -1}, {"opset": 23}),
    "InstanceNormalization": ("InstanceNormalization", [IMAGE, weights(64), weights(64)], {}),
    "GroupNormalization": (
        "GroupNormalization", [IMAGE, weights(64), weights(64)], {"num_groups": 32}),
    "BatchNormalization": (
        "BatchNormalization",
        [IMAGE, weights(64), weights(64), weights(64), np.abs(weights(64)) + FLOAT(1)], {}),
    "LRN": ("LRN", [(1, 96, 54, 54)], {"size": 5}),
    "LpNormalization": ("LpNormalization", [(256, 512)], {"axis": -1}),
    "ReduceMean 2,3": ("ReduceMean", [IMAGE, ints(2, 3)], {}),
    "ReduceMean 1": ("ReduceMean", [IMAGE, ints(1)], {}),
    "ReduceMean -1": ("ReduceMean", [TEXT, ints(-1)], {}),
    "ReduceMean 0": ("ReduceMean", [(256, 4096), ints(0)], {}),
    "ReduceMean 0,2": ("ReduceMean", [(64, 32, 256), ints(0, 2)], {}),
    "ReduceSum -1": ("ReduceSum", [TEXT, ints(-1)], {}),
    "ReduceMax -1": ("ReduceMax", [TEXT, ints(-1)], {}),
    "ReduceMin -1": ("ReduceMin", [TEXT, ints(-1)], {}),
    "ReduceL2 -1": ("ReduceL2", [TEXT, ints(-1)], {}),
    "ReduceSumSquare 1": ("ReduceSumSquare", [IMAGE, ints(1)], {}),
    "ArgMax 1": ("ArgMax", [(1, 21, 256, 256)], {"axis": 1}, {"type": np.int64}),
    "Transpose 0231": ("Transpose", [IMAGE], {"perm": [0, 2, 3, 1]}),
    "Transpose 0312": ("Transpose", [(1, 112, 112, 64)], {"perm": [0, 3, 1, 2]}),
    "Transpose 0213": ("Transpose", [(1, 256, 12, 64)], {"perm": [0, 2, 1, 3]}),
    "Transpose 0132": ("Transpose", [(1, 12, 256, 64)], {"perm": [0, 1, 3, 2]}),
    "Transpose 10": ("Transpose", [(1024, 1024)], {"perm": [1, 0]}),
    "Transpose 021 of 3": ("Transpose", [(8, 512, 512)], {"perm": [0, 2, 1]}),
    "Transpose 2013": ("Transpose", [(32, 64, 16, 32)], {"perm": [2, 0, 1, 3]}),
    "Gather rows": (
        "Gather", [(30000, 128), np.arange(0, 25600, 100, dtype=np.int64).reshape(1, 256)], {}),
    "Gather axis 1": (
        "Gather", [(64, 512, 64), np.arange(0, 512, 3, dtype=np.int64)], {"axis": 1}),
    "Concat axis 1": ("Concat", [(1, 64, 56, 56), (1, 128, 56, 56)], {"axis": 1}),
    "Concat last axis": ("Concat", [(1, 256, 384), (1, 256, 384)], {"axis": -1}),
    "Slice channels": (
        "Slice", [(1, 128, 56, 56), ints(32), ints(96), ints(1), ints(1)], {}),
    "Slice steps": (
        "Slice", [IMAGE, ints(0, 0), ints(112, 112), ints(2, 3), ints(2, 2)], {}),
    "Split": ("Split", [(1, 256, 2304)], {"axis": -1, "num_outputs": 3}, {"outputs": 3}),
    "Pad constant": ("Pad", [IMAGE, ints(0, 0, 1, 1, 0, 0, 1, 1)], {}),
    "Pad reflect": ("Pad", [IMAGE, ints(0, 0, 3, 3, 0, 0, 3, 3)], {"mode": "reflect"}),
    "Add": ("Add", [IMAGE, IMAGE], {}),
    "Add row": ("Add", [TEXT, weights(768)], {}),
    "Mul channel": ("Mul", [IMAGE, (1, 64, 1, 1)], {}),
    "Mul middle": ("Mul", [(1, 12, 256, 256), (1, 1, 256, 1)], {}),
    "Add both broadcast": ("Add", [(1, 512, 1), (1, 1, 512)], {}),
    "Sub": ("Sub", [TEXT, TEXT], {}),
    "Div": ("Div", [TEXT, TEXT], {}),
    "Pow": ("Pow", [TEXT, np.array(2.5, FLOAT)], {}),
    "Pow 2": ("Pow", [TEXT, np.array(2, FLOAT)], {}),
    "Erf": ("Erf", [(1, 256, 3072)], {}),
    "Gelu": ("Gelu", [(1, 256, 3072)], {}, {"opset": 20}),
    "Sigmoid": ("Sigmoid", [IMAGE], {}),
    "Tanh": ("Tanh", [IMAGE], {}),
    "Exp": ("Exp", [IMAGE], {}),
    "Log": ("Log", [IMAGE], {}),
    "Sqrt": ("Sqrt", [IMAGE], {}),
    "Relu": ("Relu", [IMAGE], {}),
    "LeakyRelu": ("LeakyRelu", [IMAGE], {}),
    "HardSwish": ("HardSwish", [IMAGE], {}),
    "Clip": ("Clip", [IMAGE, np.array(0, FLOAT), np.array(6, FLOAT)], {}),
    "Neg": ("Neg", [IMAGE], {}),
    "Sin": ("Sin", [TEXT], {}),
    "MaxPool 3 / 2": (
        "MaxPool", [IMAGE], {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1, 1, 1, 1]}),
    "MaxPool 2 / 2": ("MaxPool", [IMAGE], {"kernel_shape": [2, 2], "strides": [2, 2]}),
    "MaxPool 3-D": (
        "MaxPool", [(1, 16, 32, 32, 32)], {"kernel_shape": [2, 2, 2], "strides": [2, 2, 2]}),
    "AveragePool 3 / 2": (
        "AveragePool", [IMAGE], {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1, 1, 1, 1]}),
    "GlobalAveragePool": ("GlobalAveragePool", [(1, 1280, 7, 7)], {}),
    "GlobalAveragePool large": ("GlobalAveragePool", [IMAGE], {}),
    "GlobalMaxPool": ("GlobalMaxPool", [IMAGE], {}),
    "Expand": ("Expand", [(1, 1, 256, 256), ints(1, 12, 256, 256)], {}),
    "Expand last axis": ("Expand", [(1, 256, 1), ints(8, 256, 768)], {}),
    "Tile": ("Tile", [(1, 64, 56, 56), ints(1, 2, 1, 2)], {}),
    "Where": ("Where", [np.arange(HEADS[2] * HEADS[3]).reshape(1, 1, 256, 256) % 3 == 0, HEADS,
                        np.array(-1e9, FLOAT)], {}),
    "Cast to int64": ("Cast", [TEXT], {"to": 7}, {"type": np.int64}),
    "Cast to float16": ("Cast", [TEXT], {"to": 10}, {"type": np.float16}),
    "CumSum": ("CumSum", [(64, 4096), np.array(1, np.int64)], {}),
    "TopK": ("TopK", [(64, 4096), ints(16)], {}, {"outputs": 2}),
    "Equal": ("Equal", [TEXT, TEXT], {}, {"type": bool}),
    "Greater scalar": ("Greater", [TEXT, np.array(0, FLOAT)], {}, {"type": bool}),
    "DepthToSpace": ("DepthToSpace", [(1, 64, 56, 56)], {"blocksize": 2}),
    "SpaceToDepth": ("SpaceToDepth", [(1, 16, 112, 112)], {"blocksize": 2}),
    "GridSample": ("GridSample", [(1, 32, 56, 56), (1, 56, 56, 2)], {}, {"opset": 20}),
    "ConvTranspose": ("ConvTranspose", [(1, 64, 28, 28), weights(64, 32, 4, 4)],
                      {"strides": [2, 2], "pads": [1, 1, 1, 1]}),
    "Conv 3-D": ("Conv", [(1, 8, 16, 32, 32), weights(16, 8, 3, 3, 3)], {"pads": [1] * 6}),
    "Conv computed weights": (
        "Conv", [(1, 32, 56, 56), (32, 32, 3, 3)], {"pads": [1, 1, 1, 1]}),
    "MatMul": ("MatMul", [TEXT, weights(768, 768)], {}),
    "MatMul of two": ("MatMul", [(1, 12, 256, 64), (1, 12, 64, 256)], {}),
    "Gemm": ("Gemm", [(64, 1024), weights(512, 1024), weights(512)], {"transB": 1}),
}


def model(case):
    """The model of a case, and shapes of what is fed."""
    operator, inputs, attributes, *rest = case
    options = rest[0] if rest else {}
    names, fed, constants = [], {}, []
    for index, value in enumerate(inputs):
        names.append("" if value is None else f"x{index}")
        if isinstance(value, tuple):
            fed[names[-1]] = value
        elif value is not None:
            constants.append(numpy_helper.from_array(np.asarray(value), names[-1]))
    outputs = [f"y{index}" for index in range(options.get("outputs", 1))]
    graph = helper.make_graph(
        [helper.make_node(operator, names, outputs, **attributes)], "operator",
        [helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape)
         for name, shape in fed.items()],
        [helper.make_empty_tensor_value_info(name) for name in outputs], constants)
    opset = helper.make_opsetid("", options.get("opset", 21))
    inferred = onnx.shape_inference.infer_shapes(
        helper.make_model(graph, opset_imports=[opset], ir_version=10))
    return inferred, fed


def microseconds_of_peer(path, fed, runs):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    generator = np.random.default_rng(2)
    feed = {name: generator.standard_normal(shape).astype(FLOAT) for name, shape in fed.items()}
    times = []
    for _ in range(runs + 3):
        start = time.perf_counter()
        session.run(None, feed)
        times.append(time.perf_counter() - start)
    return 1e6 * min(times[3:])


def microseconds_of_octet(path, runs):
    answer = subprocess.run(
        [OCTET, "benchmark", path, "--runs", str(runs), "--threads", "1", "--json"],
        capture_output=True, text=True)
    if answer.returncode:
        return None, answer.stderr.strip().splitlines()[-1]
    result = json.loads(answer.stdout)[0]
    return 1e3 * result["minimumMilliseconds"], ""


def measure(pattern, runs):
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for name, case in CASES.items():
            if not re.search(pattern, name):
                continue
            path = os.path.join(folder, "operator.onnx")
            proto, fed = model(case)
            onnx.save(proto, path)
            own, reason = microseconds_of_octet(path, runs)
            try:
                peer = microseconds_of_peer(path, fed, runs)
            except onnxruntime.capi.onnxruntime_pybind11_state.NotImplemented:
                peer = None
            own_again, _ = microseconds_of_octet(path, runs)
            own = min(own, own_again) if own else None
            rows.append((name, own, peer))
            ratio = f"{own / peer:6.2f}" if own and peer else "     –"
            show = [f"{value:10.1f}" if value else "         –" for value in (own, peer)]
            print(f"{name:28}{show[0]}{show[1]}  {ratio}  {reason}", flush=True)
    return rows


def table(rows):
    lines = ["| operator | octet | ONNX Runtime | octet / ORT |", "| --- | ---: | ---: | ---: |"]
    for name, own, peer in rows:
        if own and peer:
            lines.append(f"| {name} | {own:.0f} | {peer:.0f} | {own / peer:.2f} |")
    return "\n".join(lines)


def write(rows):
    text = REPORT.read_text()
    today = datetime.date.today().isoformat()
    section = (
        f"{HEADING}\n\nMicroseconds of models of one operator, the least of all runs; {today}, "
        f"ONNX Runtime {onnxruntime.__version__}.\n`Benchmarks/operators.py` has the shapes.\n\n"
        f"{table(rows)}\n")
    if HEADING in text:
        before, _, after = text.partition(HEADING)
        following = after.find("\n## ")
        after = after[following + 1:] if following >= 0 else ""
        text = before + section + ("\n" + after if after else "")
    else:
        text = text.rstrip("\n") + "\n\n" + section
    REPORT.write_text(text)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", help="a regular expression over names")
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    rows = measure(arguments.only, arguments.runs)
    slow = [name for name, own, peer in rows if own and peer and own > 2 * peer]
    print(f"{len(rows)} measured; more than 2 times as long: {', '.join(slow) or 'none'}")
    if arguments.write:
        write(rows)


if __name__ == "__main__":
    main()
