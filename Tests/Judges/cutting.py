"""Cuts a QDQ model at its codes, so that every layer can be fed the same ones."""

import numpy as np
import onnx

from judge import session

SUFFIX = "::computed"


def code_names(model):
    """Outputs of QuantizeLinear, in graph order."""
    return [node.output[0] for node in model.graph.node if node.op_type == "QuantizeLinear"]


def codes(model, inputs):
    """The model's codes and outputs as ONNX Runtime has them with its optimizations off."""
    exposed = onnx.ModelProto()
    exposed.CopyFrom(model)
    present = {output.name for output in exposed.graph.output}
    exposed.graph.output.extend(
        onnx.helper.make_empty_tensor_value_info(name)
        for name in code_names(model) if name not in present)
    judge = session(exposed)
    names = [output.name for output in judge.get_outputs()]
    return dict(zip(names, judge.run(names, inputs)))


def cut(model, found):
    """The model with every layer on its own: codes come in, what the layer makes of them goes out.

    A layer is then whatever stands between DequantizeLinear and QuantizeLinear.
    """
    result = onnx.ModelProto()
    result.CopyFrom(model)
    graph = result.graph
    names = set(code_names(model))
    for node in graph.node:
        if node.op_type == "QuantizeLinear":
            node.output[0] += SUFFIX
    types = {name: onnx.helper.np_dtype_to_tensor_dtype(found[name].dtype) for name in names}
    graph.input.extend(
        onnx.helper.make_tensor_value_info(name, types[name], found[name].shape) for name in names)
    graph.output.extend(
        onnx.helper.make_tensor_value_info(name + SUFFIX, types[name], found[name].shape)
        for name in names)
    del graph.value_info[:]
    return result


def producers(model):
    """What a person would call the layer that makes each code: its operators."""
    by_output = {output: node for node in model.graph.node for output in node.output}
    described = {}
    for name in code_names(model):
        pending, operators = [by_output[name].input[0]], []
        while pending:
            node = by_output.get(pending.pop())
            if node is None or node.op_type == "DequantizeLinear" or len(operators) > 12:
                continue
            operators.append(node.op_type)
            pending += node.input
        described[name] = "+".join(reversed(operators)) or "input"
    return described


def steps(reference, found):
    """The largest difference in codes, and the share of codes that differ."""
    difference = np.abs(reference.astype(np.int32) - found.astype(np.int32))
    share = np.count_nonzero(difference) / max(difference.size, 1)
    return int(difference.max(initial=0)), share
