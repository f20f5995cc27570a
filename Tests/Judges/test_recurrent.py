"""LSTM, GRU and RNN agree with ONNX Runtime, over all that their attributes can say."""

import itertools

import numpy as np
import onnx
import pytest

import models
from judge import relative, session
from program import octet
from recurrent import Layer, batch_first

TOLERANCE = 1e-5
DIRECTIONS = ["forward", "reverse", "bidirectional"]


def difference(reference, found):
    """As a share of the reference's range, or of its size where it is a single number."""
    return min(relative(reference, found),
               float(np.abs(reference - found).max() / np.abs(reference).max()))


def agree(layer, workshop, *options):
    model = layer.model()
    file = workshop.folder / f"recurrent{len(workshop.made)}.onnx"
    onnx.save(model, file)
    judge = session(model)
    names = [output.name for output in judge.get_outputs()]
    expected = dict(zip(names, judge.run(names, layer.feeds())))
    found = workshop.run(file, layer.feeds(), *options)
    assert set(found) == set(expected)
    for name, reference in expected.items():
        assert found[name].shape == reference.shape
        assert difference(reference, found[name]) <= TOLERANCE, name
    return file, expected


def structures():
    """Direction, bias, first state, lengths and the operator's own switches, in all combinations."""
    own = {
        "LSTM": [dict(), dict(peepholes=True), dict(attributes=(("input_forget", 1),)),
                 dict(peepholes=True, attributes=(("input_forget", 1), ("clip", 0.4)))],
        "GRU": [dict(), dict(attributes=(("linear_before_reset", 1),)),
                dict(attributes=(("clip", 0.4),)),
                dict(attributes=(("linear_before_reset", 1), ("clip", 0.4)))],
        "RNN": [dict(), dict(attributes=(("clip", 0.4),))],
    }
    for op, switches in own.items():
        for direction, bias, first, lengths, switch in itertools.product(
                DIRECTIONS, [True, False], [True, False], [(), (5, 2, 3)], switches):
            yield Layer(op, batch=3, direction=direction, bias=bias, first=first, lengths=lengths,
                        **switch)


@pytest.mark.parametrize("op", ["LSTM", "GRU", "RNN"])
def test_every_structure_agrees(op, workshop):
    layers = [layer for layer in structures() if layer.op == op]
    assert len(layers) >= 48
    for layer in layers:
        agree(layer, workshop)


@pytest.mark.parametrize("op, names", [
    ("LSTM", ["Relu", "Tanh", "Sigmoid"]), ("LSTM", ["HardSigmoid", "Softsign", "Softplus"]),
    ("LSTM", ["Sigmoid", "Affine", "ScaledTanh"]), ("LSTM", ["Sigmoid", "LeakyRelu", "Elu"]),
    ("LSTM", ["Sigmoid", "ThresholdedRelu", "Tanh"]), ("GRU", ["HardSigmoid", "Relu"]),
    ("GRU", ["Sigmoid", "ScaledTanh"]), ("GRU", ["Affine", "Softsign"]),
    ("GRU", ["Sigmoid", "LeakyRelu"]), ("RNN", ["Relu"]), ("RNN", ["HardSigmoid"]),
    ("RNN", ["Elu"]), ("RNN", ["Affine"]), ("RNN", ["ThresholdedRelu"]), ("RNN", ["Sigmoid"]),
])
@pytest.mark.parametrize("direction", ["reverse", "bidirectional"])
def test_every_activation_agrees(op, names, direction, workshop):
    """Parameters are taken off two lists, in the order of those activations that have any."""
    both = names * (2 if direction == "bidirectional" else 1)
    alphas = [0.3 + 0.1 * index for index, name in enumerate(
        name for name in both if name in ("HardSigmoid", "Affine", "ScaledTanh", "LeakyRelu", "Elu",
                                          "ThresholdedRelu"))]
    betas = [0.4 + 0.1 * index for index, name in enumerate(
        name for name in both if name in ("HardSigmoid", "Affine", "ScaledTanh"))]
    attributes = [("activations", both)]
    attributes += [("activation_alpha", alphas)] if alphas else []
    attributes += [("activation_beta", betas)] if betas else []
    agree(Layer(op, direction=direction, attributes=tuple(attributes)), workshop)


@pytest.mark.parametrize("op", ["LSTM", "GRU", "RNN"])
def test_parameters_have_defaults(op, workshop):
    names = {"LSTM": ["HardSigmoid", "LeakyRelu", "Elu"], "GRU": ["HardSigmoid", "Elu"],
             "RNN": ["LeakyRelu"]}[op]
    agree(Layer(op, attributes=(("activations", names),)), workshop)


@pytest.mark.parametrize("op", ["LSTM", "GRU", "RNN"])
@pytest.mark.parametrize("outputs", [(0,), (1,), (0, 1)])
def test_outputs_may_be_left_out(op, outputs, workshop):
    agree(Layer(op, direction="bidirectional", outputs=outputs, lengths=(4, 1)), workshop)


@pytest.mark.parametrize("opset", [7, 11, 13, 14, 21])
@pytest.mark.parametrize("op", ["LSTM", "GRU", "RNN"])
def test_every_opset_agrees(op, opset, workshop):
    agree(Layer(op, opset=opset), workshop)


@pytest.mark.parametrize("op", ["LSTM", "GRU", "RNN"])
@pytest.mark.parametrize("hidden, inputs, batch, threads", [
    (1, 1, 1, 1), (8, 3, 1, 2), (17, 16, 5, 1), (130, 40, 1, 2), (200, 64, 7, 2)])
def test_sizes_and_threads_agree(op, hidden, inputs, batch, threads, workshop):
    for direction in ["forward", "bidirectional"]:
        for isa in ["scalar", "avx2"]:
            agree(Layer(op, steps=11, hidden=hidden, inputs=inputs, batch=batch,
                        direction=direction), workshop, "--threads", threads, "--isa", isa)


@pytest.mark.parametrize("op", ["LSTM", "GRU", "RNN"])
@pytest.mark.parametrize("direction", DIRECTIONS)
def test_layout_1_is_layout_0_transposed(op, direction, workshop):
    """ONNX Runtime does not run layout 1."""
    layer = Layer(op, direction=direction, lengths=(5, 3))
    _, expected = agree(layer, workshop)
    file = workshop.folder / f"recurrent{len(workshop.made)}.onnx"
    onnx.save(batch_first(layer.model()), file)
    feeds = {name: value.swapaxes(0, 1) if value.ndim == 3 else value
             for name, value in layer.feeds().items()}
    found = workshop.run(file, feeds)
    for name, reference in expected.items():
        turned = reference.transpose(2, 0, 1, 3) if name == "y" else reference.swapaxes(0, 1)
        assert relative(turned, found[name]) <= TOLERANCE


@pytest.mark.parametrize("name, shape", [
    ("nsnet2-20ms-baseline", (1, 50, 161)), ("nsnet2-20ms-baseline", (3, 20, 161)),
    ("toy_conv_linear_lstm", (1, 2, 23))])
@pytest.mark.parametrize("isa", ["scalar", "avx2"])
def test_whole_models_agree(name, shape, isa, workshop):
    file = models.path(name)
    judge = session(file)
    feeds = {judge.get_inputs()[0].name:
             np.random.default_rng(0).normal(size=shape).astype(np.float32)}
    names = [output.name for output in judge.get_outputs()]
    expected = dict(zip(names, judge.run(names, feeds)))
    found = workshop.run(file, feeds, "--isa", isa)
    for output, reference in expected.items():
        assert relative(reference, found[output]) <= TOLERANCE


@pytest.mark.parametrize("change, words", [
    (dict(direction="sideways"), ["direction", "sideways", "bidirectional"]),
    (dict(activations=["Sigmoid", "Tanh"]), ["activations", "2 names", "3 are needed"]),
    (dict(activations=["Sigmoid", "Tanh", "Swish"]), ["activations", "Swish"]),
    (dict(clip=-1.0), ["clip", "positive"]), (dict(layout=2), ["layout", "0 or 1"]),
    (dict(hidden_size=10), ["9", "10", "hidden"]),
])
def test_a_wrong_attribute_is_named(change, words, workshop):
    layer = Layer("LSTM")
    model = layer.model()
    node = model.graph.node[0]
    kept = [a for a in node.attribute if a.name not in change]
    del node.attribute[:]
    node.attribute.extend(kept)
    node.attribute.extend(onnx.helper.make_attribute(k, v) for k, v in change.items())
    message = refused(model, layer.feeds(), workshop)
    assert "layer" in message and all(word in message for word in words), message


@pytest.mark.parametrize("lengths", [(6, 1), (3, -1)])
def test_lengths_beyond_the_steps_are_refused(lengths, workshop):
    layer = Layer("GRU", lengths=lengths)
    message = refused(layer.model(), layer.feeds(), workshop)
    assert "between 0 and 5" in message


def refused(model, feeds, workshop):
    file = workshop.folder / f"recurrent{len(workshop.made)}.onnx"
    onnx.save(model, file)
    source = workshop.folder / "refused.npz"
    np.savez(source, **feeds)
    result = octet("run", file, "--inputs", source, "--outputs", workshop.folder / "none.npz")
    assert result.status == 1 and not result.crashed, result
    return result.errors
