"""Float outputs agree with ONNX Runtime."""

import numpy as np
import onnx
import pytest

import models
from judge import fed, is_fixed, outputs, relative, session

TOLERANCE = 1e-4


@pytest.mark.parametrize("batch", [1, 4])
@pytest.mark.parametrize("name", models.NAMES + [models.MAGIKA])
def test_float_outputs_agree(name, batch, workshop):
    file, data = models.path(name), workshop.data(name)
    judge = session(file)
    if is_fixed(judge) and batch != 1:
        pytest.skip(f"{name} fixes its batch")
    worst = 0
    for start in range(0, min(len(data.test), 4 * batch), batch):
        samples = data.test[start:start + batch]
        expected = outputs(judge, samples, batch)
        found = workshop.run(file, fed(judge, samples))
        assert set(found) == set(expected)
        for output, reference in expected.items():
            assert found[output].shape == reference.shape
            worst = max(worst, relative(reference, found[output]))
    print(f"{name}, batch {batch}: {worst:.2e} of the range")
    assert worst <= TOLERANCE


@pytest.mark.parametrize("height, width", [(64, 96), (320, 256)])
def test_float_outputs_agree_at_other_sizes(height, width, workshop):
    name = "ch_PP-OCRv4_det_infer"
    file, data = models.path(name), workshop.data(name)
    tiles = np.ascontiguousarray(
        np.tile(data.test[:1], (1, 1, 2, 2))[:, :, :height, :width])
    judge = session(file)
    expected = outputs(judge, tiles)
    found = workshop.run(file, fed(judge, tiles))
    for output, reference in expected.items():
        assert relative(reference, found[output]) <= TOLERANCE


@pytest.mark.parametrize("name", models.NAMES + [models.MAGIKA])
def test_every_inner_value_agrees(name, workshop):
    """Each node that is not folded away, so that an error cannot hide behind a later layer."""
    model = onnx.load(models.path(name))
    wanted = [output for node in model.graph.node for output in node.output if output]
    known = {output.name for output in model.graph.output}
    typed = onnx.shape_inference.infer_shapes(model)
    types = {value.name: value.type.tensor_type.elem_type for value in typed.graph.value_info}
    floats = [value for value in wanted if types.get(value) == onnx.TensorProto.FLOAT]
    model.graph.output.extend(
        onnx.helper.make_tensor_value_info(value, onnx.TensorProto.FLOAT, None)
        for value in floats if value not in known)
    judge = session(model)
    sample = workshop.data(name).test[:1]
    names = [output.name for output in judge.get_outputs()]
    expected = dict(zip(names, judge.run(names, fed(judge, sample))))
    found = workshop.run(models.path(name), fed(judge, sample), "--keep", ",".join(floats))
    assert len(found) > 3 or len(floats) <= 3, "nothing inner can be looked at"
    worst = {value: relative(expected[value], found[value])
             for value in expected if value in found and expected[value].size}
    value = max(worst, key=worst.get)
    print(f"{name}: worst inner value {value}: {worst[value]:.2e}, {len(worst)} compared")
    # Magika's sums of 1280 products cancel, which a Tanh then sees enlarged; its outputs agree.
    assert worst[value] <= (10 * TOLERANCE if name == models.MAGIKA else TOLERANCE)

