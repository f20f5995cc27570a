"""An ONNX model of what image classifiers are made of, as a PyTorch module with the same weights."""

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import helper, numpy_helper
from torch import nn


def simplified(file, folder):
    """The model with constants folded, and normalizations and pads in their convolutions, as octet
    trains it too: ONNX Runtime's basic optimizations."""
    settings = onnxruntime.SessionOptions()
    settings.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    made = folder / "simplified.onnx"
    settings.optimized_model_filepath = str(made)
    onnxruntime.InferenceSession(str(file), settings, providers=["CPUExecutionProvider"])
    return onnx.load(made)


class Sum(nn.Module):
    def forward(self, left, right):
        return left + right


class Network(nn.Module):
    """The nodes of a graph with one input and one output, in order."""

    def __init__(self, model):
        super().__init__()
        graph = model.graph
        constants = {
            each.name: torch.from_numpy(numpy_helper.to_array(each).copy())
            for each in graph.initializer}
        self.entry, self.end = graph.input[0].name, graph.output[0].name
        self.layers = nn.ModuleList()
        self.wiring = []
        for node in graph.node:
            attributes = {each.name: helper.get_attribute_value(each) for each in node.attribute}
            given = [constants.get(name) for name in node.input]
            self.layers.append(layer(node.op_type, attributes, given))
            self.wiring.append(
                ([name for name in node.input if name not in constants], node.output[0]))

    def forward(self, x):
        values = {self.entry: x}
        for index, (names, made) in enumerate(self.wiring):
            values[made] = self.layers[index](*[values[name] for name in names])
        return values[self.end]


def layer(operator, attributes, given):
    """The module for a node; `given` are its constants, and None for every other input."""
    if operator == "Conv":
        return convolution(attributes, *given[1:])
    if operator == "Gemm" and attributes.get("transB") == 1:
        return filled(nn.Linear(*reversed(given[1].shape)), *given[1:])
    if operator == "Relu":
        return nn.ReLU(inplace=True)
    if operator == "Clip" and [float(bound) for bound in given[1:]] == [0, 6]:
        return nn.ReLU6(inplace=True)
    if operator == "MaxPool" and not any(attributes["pads"]):
        return nn.MaxPool2d(tuple(attributes["kernel_shape"]), tuple(attributes["strides"]))
    if operator == "GlobalAveragePool":
        return nn.AdaptiveAvgPool2d(1)
    if operator in ("Flatten", "Reshape"):
        return nn.Flatten()
    if operator == "Add":
        return Sum()
    raise ValueError(f"There is no module for {operator} with {attributes}.")


def convolution(attributes, weight, bias):
    top, left, bottom, right = attributes["pads"]
    is_even = (top, left) == (bottom, right)
    groups = attributes["group"]
    made = nn.Conv2d(
        weight.shape[1] * groups, weight.shape[0], tuple(weight.shape[2:]),
        tuple(attributes["strides"]), (top, left) if is_even else 0,
        tuple(attributes["dilations"]), groups)
    filled(made, weight, bias)
    return made if is_even else nn.Sequential(nn.ZeroPad2d((left, right, top, bottom)), made)


def filled(module, weight, bias):
    module.weight.data, module.bias.data = weight, bias
    return module


def outputs(network, samples):
    """What the network computes, as an array."""
    with torch.no_grad():
        return np.asarray(network.eval()(torch.from_numpy(samples)))
