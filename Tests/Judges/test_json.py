"""What `--json` promises to machines."""

import json
import os

import numpy as np
import pytest

import models
from program import answer, octet, succeed


def fields(value, kinds):
    for name, kind in kinds.items():
        assert name in value, f"{name} is missing from {sorted(value)}"
        assert isinstance(value[name], kind), f"{name} is {value[name]!r}"


NUMBER = (int, float)


def test_inspect(workshop):
    report = answer("inspect", models.path("mnist_cnn"))
    fields(report, {"model": str, "sha256": str, "opset": int, "parameters": int, "macs": int,
                    "bytes": int, "inputs": list, "outputs": list, "notes": list, "layers": list})
    assert report["opset"] == 17
    assert report["bytes"] == models.path("mnist_cnn").stat().st_size
    for layer in report["layers"]:
        fields(layer, {"name": str, "title": str, "operatorType": str, "outputShape": str,
                       "quantizable": str, "parameters": int, "macs": int})
    assert report["macs"] == sum(layer["macs"] for layer in report["layers"])


def test_calibrate_and_convert(workshop):
    session = workshop.folder / "json.octet.json"
    data = workshop.data("digits8_cnn").arguments
    report = answer("calibrate", models.path("digits8_cnn"), *data, "--limit", 32, "--batch", 8,
                    "-o", session)
    fields(report, {"session": str, "batches": int, "samples": int, "tensors": int,
                    "nonFiniteValues": int, "seconds": NUMBER})
    assert (report["batches"], report["samples"]) == (4, 32)
    converted = answer("convert", session, "-o", workshop.folder / "json.int8.onnx")
    fields(converted, {"path": str, "bytes": int, "int8Layers": int, "floatLayers": int,
                       "floatWeightBytes": int, "int8WeightBytes": int, "verification": str,
                       "notes": list})
    assert converted["int8WeightBytes"] < converted["floatWeightBytes"]


def test_a_session_converts_to_what_quantize_writes(workshop):
    """calibrate and convert are quantize in two steps."""
    direct, _ = workshop.quantized("digits8_cnn")
    steps = workshop.folder / "steps.int8.onnx"
    succeed("convert", workshop.session("digits8_cnn"), "-o", steps)
    assert steps.read_bytes() == direct.read_bytes()


def test_benchmark(workshop):
    """The schema by which others read it."""
    int8, _ = workshop.quantized("mnist_cnn")
    session = workshop.session("mnist_cnn")
    reports = answer("benchmark", models.path("mnist_cnn"), int8, session, "--runs", 5)
    assert len(reports) == 3
    for report, name in zip(reports, [models.path("mnist_cnn"), int8, session]):
        fields(report, {"model": str, "threads": int, "runs": int, "medianMilliseconds": NUMBER,
                        "minimumMilliseconds": NUMBER, "layers": list})
        assert report["model"] == str(name)
        assert (report["threads"], report["runs"]) == (1, 5)
        assert 0 < report["minimumMilliseconds"] <= report["medianMilliseconds"]
        assert report["layers"]
        for layer in report["layers"]:
            fields(layer, {"name": str, "operator": str, "kernel": str,
                           "medianMicroseconds": NUMBER, "macs": int, "bytesMoved": int})
            if layer["macs"]:
                assert layer["boundBy"] in ("arithmetic", "L2", "L3", "memory")
                assert layer["shareOfPeak"] > 0 and layer["shareOfBound"] > 0
    work = [sum(layer["macs"] for layer in report["layers"]) for report in reports]
    assert work[0] == work[1] == work[2] > 0


def test_compare_and_its_status(workshop):
    int8, _ = workshop.quantized("mnist_cnn")
    data = workshop.data("mnist_cnn")
    command = ["compare", models.path("mnist_cnn"), int8, *data.arguments, "--limit", 100]
    report = answer(*command)
    text = json.dumps(report)
    for word in ("outputs", "values", "sampleCount", "agreement", "firstAccuracy"):
        assert f'"{word}"' in text, text[:2000]
    assert report["sampleCount"] == 100
    assert octet(*command, "--minimum-sqnr", 20, "--minimum-agreement", 0.9).status == 0
    for impossible in (["--minimum-sqnr", 200], ["--minimum-agreement", 1.5]):
        result = octet(*command, *impossible)
        assert result.status == 3 and "below" in result.errors, result


def test_compare_takes_a_session(workshop):
    data = workshop.data("mnist_cnn")
    report = answer("compare", models.path("mnist_cnn"), workshop.session("mnist_cnn"),
                    *data.arguments, "--limit", 50)
    assert report["sampleCount"] == 50


def test_run_names_what_it_computed(workshop, tmp_path):
    np.savez(tmp_path / "in.npz", input=workshop.data("digits8_cnn").test[:3])
    members = answer("run", models.path("digits8_cnn"), "--inputs", tmp_path / "in.npz")
    assert [member["shape"] for member in members] == [[3, 10]]
    assert members[0]["type"] == "float32"


def test_doctor(workshop, tmp_path):
    report = answer("doctor")
    fields(report, {"processor": str, "instructionSet": str, "available": list, "cores": int,
                    "threads": int, "float32GigaMACs": NUMBER, "int8GigaMACs": NUMBER,
                    "int8NarrowGigaMACs": NUMBER, "memoryGigabytes": dict,
                    "cacheGigabytes": dict})
    for store in ("memoryGigabytes", "cacheGigabytes"):
        assert all(report[store][way] > 0 for way in ("read", "write", "copy"))
    assert "scalar" in report["available"]
    np.savez(tmp_path / "bytes.npz", input=np.full((8, 1, 28, 28), 255, np.float32))
    result = octet("doctor", models.path("mnist_cnn"), "--data", tmp_path / "bytes.npz", "--json")
    assert result.status == 3, result
    assert json.loads(result.output)["data"]["findings"], "constant data pass unnoticed"


def test_doctor_counts_the_processors_that_it_may_use():
    before = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(before)})
        assert answer("doctor")["cores"] == 1
        told = succeed("doctor", "--threads", 2)
        assert "--threads 2: this process may use 1 processor;" in told.errors
    finally:
        os.sched_setaffinity(0, before)


@pytest.mark.parametrize("command", ["inspect", "run", "calibrate", "convert", "quantize",
                                     "compare", "benchmark", "doctor"])
def test_help_is_there(command):
    text = succeed(command, "--help").output
    assert "--json" in text and "USAGE" in text
