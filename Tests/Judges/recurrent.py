"""Random LSTM, GRU and RNN models of every kind."""

from dataclasses import dataclass, field

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

GATES = {"LSTM": 4, "GRU": 3, "RNN": 1}


@dataclass(frozen=True)
class Layer:
    op: str
    steps: int = 5
    batch: int = 2
    inputs: int = 7
    hidden: int = 9
    direction: str = "forward"
    bias: bool = True
    lengths: tuple = ()
    first: bool = True
    peepholes: bool = False
    outputs: tuple = (0, 1, 2)
    attributes: tuple = field(default=())
    opset: int = 14

    @property
    def directions(self):
        return 2 if self.direction == "bidirectional" else 1

    def weights(self, seed=1):
        rng = np.random.default_rng(seed)
        d, rows = self.directions, GATES[self.op] * self.hidden
        scale = 1.2 / np.sqrt(self.hidden)

        def normal(*shape):
            return (scale * rng.normal(size=shape)).astype(np.float32)
        found = {"W": normal(d, rows, self.inputs), "R": normal(d, rows, self.hidden)}
        if self.bias:
            found["B"] = normal(d, 2 * rows)
        if self.peepholes:
            found["P"] = normal(d, 3 * self.hidden)
        return found

    def feeds(self, seed=2):
        rng = np.random.default_rng(seed)
        states = (self.directions, self.batch, self.hidden)
        found = {"x": rng.normal(size=(self.steps, self.batch, self.inputs)).astype(np.float32)}
        if self.lengths:
            found["lengths"] = np.array(self.lengths, np.int32)
        if self.first:
            found["h"] = rng.normal(size=states).astype(np.float32)
            if self.op == "LSTM":
                found["c"] = rng.normal(size=states).astype(np.float32)
        return found

    @property
    def node(self):
        names = ["x", "W", "R", "B" if self.bias else "", "lengths" if self.lengths else "",
                 "h" if self.first else ""]
        if self.op == "LSTM":
            names += ["c" if self.first else "", "P" if self.peepholes else ""]
        while not names[-1]:
            names.pop()
        known = ["y", "y_h", "y_c"][:3 if self.op == "LSTM" else 2]
        outputs = [name if index in self.outputs else "" for index, name in enumerate(known)]
        return helper.make_node(self.op, names, outputs, name="layer", hidden_size=self.hidden,
                                direction=self.direction, **dict(self.attributes))

    def model(self, node=None, constants=None, feeds=None, domains=()):
        node = node or self.node
        feeds = self.feeds() if feeds is None else feeds
        inputs = [helper.make_tensor_value_info(
            name, helper.np_dtype_to_tensor_dtype(value.dtype), value.shape)
            for name, value in feeds.items()]
        outputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None)
                   for name in node.output if name]
        constants = self.weights() if constants is None else constants
        graph = helper.make_graph(
            [node], "recurrent", inputs, outputs,
            [numpy_helper.from_array(value, name) for name, value in constants.items()])
        opsets = [helper.make_opsetid("", self.opset)]
        opsets += [helper.make_opsetid(domain, 1) for domain in domains]
        return helper.make_model(graph, opset_imports=opsets, ir_version=8)


def batch_first(model):
    """The same layer with layout 1: transposed operands, and a model that expects them so."""
    changed = onnx.ModelProto()
    changed.CopyFrom(model)
    changed.graph.node[0].attribute.append(helper.make_attribute("layout", 1))
    for value in changed.graph.input:
        shape = [d.dim_value for d in value.type.tensor_type.shape.dim]
        if len(shape) == 3:
            shape[0], shape[1] = shape[1], shape[0]
            value.CopyFrom(helper.make_tensor_value_info(value.name, TensorProto.FLOAT, shape))
    return changed
