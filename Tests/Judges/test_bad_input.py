"""What is wrong with a file, a flag or a disk is said once, and nothing is left behind."""

import json
import os
import shutil
import subprocess

import numpy as np
import onnx
import pytest

import models
from program import REPOSITORY, octet, succeed

MODEL = REPOSITORY / "sessions/mnist_cnn.onnx"
DATA = REPOSITORY / "sessions/mnist5k_data.npz"
DIGITS = models.MODELS / "digits8_cnn.onnx"
DIGITS_DATA = REPOSITORY / "Tests/Fixtures/Data/digits8_data.npz"


def refused(folder, *arguments, status=1, says=(), **options):
    """Runs octet and checks that it refuses in the designed way."""
    before = set(os.listdir(folder))
    result = octet(*arguments, folder=folder, **options)
    assert not result.crashed, result
    assert result.status == status, result
    assert result.output == "", result
    lines = [line for line in result.errors.splitlines() if line.strip()]
    assert lines, result
    if status == 1:
        assert lines[-1].startswith("octet: "), result
        errors = [line for line in lines if line.startswith("octet: ")]
        assert len(errors) == len(lines), f"more than messages: {result}"
    for word in [says] if isinstance(says, str) else says:
        assert word in result.errors, result
    assert set(os.listdir(folder)) == before, f"left {set(os.listdir(folder)) - before}: {result}"
    return result


# Models.

WRONG_MODELS = [
    ("cyclic.onnx", "cyc"), ("undefined.onnx", ""), ("twice.onnx", ""), ("opset6.onnx", "opset"),
    ("opset99.onnx", "opset"), ("absurd_input.onnx", ""), ("huge_tensor.onnx", ""),
    ("short_tensor.onnx", ""), ("no_output.onnx", ""), ("external/missing.onnx", ""),
    ("external/escape.onnx", ""), ("external/absolute.onnx", ""), ("external/beyond.onnx", ""),
    ("external/negative.onnx", ""), ("external/absurd.onnx", ""), ("external/mismatch.onnx", ""),
]


@pytest.mark.parametrize("command", ["inspect", "quantize", "benchmark"])
@pytest.mark.parametrize("file, word", WRONG_MODELS, ids=[name for name, _ in WRONG_MODELS])
def test_wrong_models_are_refused(file, word, command, tmp_path):
    source = models.MODELS / file
    extra = {"inspect": [], "quantize": ["--data", "random", "-o", "out.onnx"],
             "benchmark": ["--runs", 1]}[command]
    refused(tmp_path, command, source, *extra, says=word)


@pytest.mark.parametrize("share", [0, 1, 10, 50, 90, 99])
def test_truncated_models_are_refused(share, tmp_path):
    content = MODEL.read_bytes()
    (tmp_path / "cut.onnx").write_bytes(content[:len(content) * share // 100])
    refused(tmp_path, "inspect", "cut.onnx", says="cut.onnx")


def test_corrupt_models_never_crash(tmp_path):
    """Random damage may go unnoticed where it hits weights; it must not end the program."""
    content, random = DIGITS.read_bytes(), np.random.default_rng(11)
    for round in range(25):
        damaged = bytearray(content)
        for position in random.integers(0, len(content) if round % 2 else 400, 8):
            damaged[position] = random.integers(0, 256)
        (tmp_path / "bad.onnx").write_bytes(damaged)
        result = octet("inspect", "bad.onnx", folder=tmp_path, timeout=20)
        assert not result.crashed and result.status in (0, 1), result


@pytest.mark.parametrize("content", [b"hello world", b"\x00" * 100, b"{}", b"\xff" * 1000,
                                     b"\x89PNG\r\n\x1a\n", b"PK\x03\x04"])
def test_what_is_no_protobuf_is_refused(content, tmp_path):
    (tmp_path / "not.onnx").write_bytes(content)
    refused(tmp_path, "inspect", "not.onnx", says="not.onnx")


def test_unsupported_operators_are_named_when_they_run(tmp_path):
    value = onnx.helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [1, 4])
    out = onnx.helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, [1, 4])
    node = onnx.helper.make_node("Frobnicate", ["x"], ["y"], domain="example", name="odd")
    model = onnx.helper.make_model(
        onnx.helper.make_graph([node], "g", [value], [out]), ir_version=8,
        opset_imports=[onnx.helper.make_opsetid("", 17), onnx.helper.make_opsetid("example", 1)])
    onnx.save(model, tmp_path / "odd.onnx")
    succeed("inspect", tmp_path / "odd.onnx")
    np.savez(tmp_path / "in.npz", x=np.zeros((1, 4), np.float32))
    refused(tmp_path, "run", "odd.onnx", "--inputs", "in.npz", "--outputs", "out.npz",
            says=["Frobnicate", "odd"])


# Data.

def test_a_wrong_npz_is_refused(tmp_path):
    (tmp_path / "not.npz").write_bytes(b"PK\x03\x04 but no archive")
    (tmp_path / "cut.npz").write_bytes(DATA.read_bytes()[:5000])
    np.save(tmp_path / "objects.npy", np.array([{}, []], dtype=object), allow_pickle=True)
    (tmp_path / "empty").mkdir()
    (tmp_path / "note.txt").write_text("hello")
    for name in ["not.npz", "cut.npz", "objects.npy", "empty", "note.txt", "missing.npz"]:
        refused(tmp_path, "quantize", MODEL, "--data", name, "-o", "out.onnx", says=name)


@pytest.mark.parametrize("members, says", [
    ({"input": np.zeros((8, 28, 28, 1), np.float32)}, "layout"),
    ({"input": np.zeros((8, 3, 28, 28), np.float32)}, "3"),
    ({"input": np.zeros((8, 28), np.float32)}, "28"),
    ({"input": np.full((8, 1, 28, 28), np.nan, np.float32)}, "NaN"),
    ({"input": np.zeros((0, 1, 28, 28), np.float32)}, ""),
    ({"other": np.array(["a", "b"])}, ""),
], ids=["nhwc", "channels", "rank", "nan", "none", "text"])
def test_data_that_do_not_fit_are_refused(members, says, tmp_path):
    np.savez(tmp_path / "data.npz", **members)
    refused(tmp_path, "quantize", MODEL, "--data", "data.npz", "-o", "out.onnx", says=says)


@pytest.mark.parametrize("inputs, says", [
    ({"input": np.zeros((1, 1, 28, 27), np.float32)}, "28"),
    ({"input": np.zeros((1, 784), np.float32)}, "784"), ({}, ""),
    ({"input": np.array([["x"]])}, "input"),
], ids=["extent", "rank", "none", "type"])
def test_run_refuses_wrong_inputs(inputs, says, tmp_path):
    np.savez(tmp_path / "in.npz", **inputs)
    refused(tmp_path, "run", MODEL, "--inputs", "in.npz", "--outputs", "out.npz", says=says)


@pytest.mark.parametrize("text", ["scale", "scale=zero", "scale=1/0", "layout=hwc->cwh", "size=3",
                                  "mean=1:2", "std=0:0:0"])
def test_wrong_preprocessing_is_refused(text, tmp_path):
    result = octet("quantize", MODEL, "--data", DATA, "--preprocess", text, "-o", "out.onnx",
                   folder=tmp_path)
    assert not result.crashed and result.status in (1, 2), result
    assert os.listdir(tmp_path) == [], result


# Usage.

@pytest.mark.parametrize("arguments, says", [
    (["inspect"], "model"), (["inspect", "a", "b"], "b"), (["--theme"], "theme"),
    (["inspect", MODEL, "--frob"], "--frob"), (["nonsense", "--json"], ""),
    (["inspect", MODEL, "--shape", "input=axb"], "--shape"),
    (["inspect", MODEL, "--shape", "input=0x1"], "--shape"),
    (["inspect", MODEL, "--shape", f"input={2 ** 40}x{2 ** 40}"], "--shape"),
    (["run", MODEL], "--inputs"), (["run", MODEL, "--input", "x"], "NAME=FILE"),
    (["run", MODEL, "--inputs", DATA, "--keep", "nonsense"], "nonsense"),
    (["quantize", MODEL, "-o", "out.onnx"], "--data"),
    (["quantize", MODEL, "--data", "random"], "output"),
    (["quantize", MODEL, "--data", "random", "-o", "o", "--target", "arm"], "arm"),
    (["quantize", MODEL, "--data", "random", "-o", "o", "--set", "all"], "all"),
    (["quantize", MODEL, "--data", "random", "-o", "o", "--set", "all:weight.granularty=x"],
     "weight.granularity"),
    (["quantize", MODEL, "--data", "random", "-o", "o", "--batch", "0"], "--batch"),
    (["convert", "s.json", "-o", "o.onnx", "--format", "tflite"], "tflite"),
    (["benchmark"], "model"), (["benchmark", MODEL, "--threads", "0"], "--threads"),
    (["benchmark", MODEL, "--isa", "mmx"], "mmx"), (["benchmark", MODEL, "--runs", "0"], "--runs"),
    (["doctor", "--data", "random"], "MODEL"),
], ids=lambda value: None if isinstance(value, str) else " ".join(map(str, value))[:40])
def test_wrong_usage_has_its_own_status(arguments, says, tmp_path):
    refused(tmp_path, *arguments, status=2, says=says)


@pytest.mark.parametrize("arguments", [
    ["inspect", "missing.onnx"], ["missing.onnx"], ["missing.octet.json"],
    ["convert", "missing.octet.json", "-o", "out.onnx"],
    ["compare", MODEL, "missing.onnx", "--data", DATA], ["--theme", "nowhere", MODEL],
    ["--theme", "missing.toml", MODEL],
], ids=lambda value: " ".join(map(str, value))[:40])
def test_missing_files_and_themes_are_named(arguments, tmp_path):
    word = "nowhere" if "nowhere" in arguments else "missing"
    refused(tmp_path, *arguments, says=word,
            environment={"XDG_STATE_HOME": str(tmp_path), "TERM": "xterm"})


@pytest.mark.parametrize("toml", [
    "title = ", "nonsense = 3\n", "[title]\nforeground = \"nocolour\"\n",
])
def test_a_wrong_theme_file_is_refused(toml, tmp_path):
    (tmp_path / "wrong.toml").write_text(toml)
    refused(tmp_path, "--theme", "wrong.toml", MODEL, says="wrong.toml")


def test_the_workbench_needs_a_terminal(tmp_path):
    (tmp_path / "octet").mkdir()
    result = octet(MODEL, folder=tmp_path,
                   environment={"XDG_STATE_HOME": str(tmp_path), "TERM": "xterm-256color"})
    assert result.status in (1, 2) and not result.crashed, result
    assert "terminal" in result.errors, result


def test_a_closed_pipe_is_no_crash(tmp_path):
    from program import binary
    done = subprocess.run(f"'{binary()}' inspect '{MODEL}' | true; exit ${{PIPESTATUS[0]}}",
                          shell=True, executable="/bin/bash", capture_output=True, timeout=30)
    assert done.returncode in (0, 1), done


# Sessions.

@pytest.fixture(scope="module")
def calibrated(tmp_path_factory):
    folder = tmp_path_factory.mktemp("session")
    shutil.copy(DIGITS, folder / "model.onnx")
    succeed("calibrate", "model.onnx", "--data", DIGITS_DATA, "--limit", 16, "-o",
            "s.octet.json", folder=folder)
    return folder


@pytest.fixture
def session(calibrated, tmp_path):
    for name in ("model.onnx", "s.octet.json"):
        shutil.copy(calibrated / name, tmp_path / name)
    return tmp_path


def test_an_unreadable_session_is_refused(session):
    text = (session / "s.octet.json").read_text()
    for damaged in [text[:len(text) // 2], "", "{}", "[1, 2]", "hello",
                    text.replace('"octet session"', '"something else"'),
                    text.replace('"recipe" : {', '"recipe" : [{')]:
        (session / "s.octet.json").write_text(damaged)
        refused(session, "convert", "s.octet.json", "-o", "out.onnx", says="s.octet.json")


def test_a_newer_session_is_refused(session):
    document = json.loads((session / "s.octet.json").read_text())
    document["version"] = 99
    (session / "s.octet.json").write_text(json.dumps(document))
    refused(session, "convert", "s.octet.json", "-o", "out.onnx", says=["99", "newer"])


def test_a_changed_model_is_refused(session):
    model = bytearray((session / "model.onnx").read_bytes())
    model[len(model) // 2] ^= 1
    (session / "model.onnx").write_bytes(model)
    for command in (["convert", "s.octet.json", "-o", "out.onnx"],
                    ["benchmark", "s.octet.json"]):
        refused(session, *command, says=["model.onnx", "digest"])


def test_a_missing_model_is_named(session):
    (session / "model.onnx").unlink()
    refused(session, "convert", "s.octet.json", "-o", "out.onnx", says="model.onnx")


def test_hostile_statistics_never_crash(session):
    """A session is a file like any other: its numbers are not trusted."""
    document = json.loads((session / "s.octet.json").read_text())
    edges = document["statistics"]["edges"]
    edge = next(iter(edges))

    def numbers(value, place=()):
        if isinstance(value, dict):
            for key, inner in value.items():
                yield from numbers(inner, place + (key,))
        elif isinstance(value, list):
            for index, inner in list(enumerate(value))[:2]:
                yield from numbers(inner, place + (index,))
        elif not isinstance(value, bool):
            yield place

    places = list(numbers(edges[edge]))
    for place in places:
        for value in [-1, 1e300, 2 ** 62, "NaN", "Infinity", None, [], ""]:
            changed = json.loads(json.dumps(document))
            target = changed["statistics"]["edges"][edge]
            for key in place[:-1]:
                target = target[key]
            target[place[-1]] = value
            (session / "s.octet.json").write_text(json.dumps(changed))
            result = octet("convert", "s.octet.json", "-o", "out.onnx", folder=session)
            assert not result.crashed and result.status in (0, 1), (place, value, str(result))


# Disks.

@pytest.fixture
def full(tmp_path):
    """A file system with 64 kB, as root can make one."""
    place = tmp_path / "full"
    place.mkdir()
    if os.geteuid() != 0:
        pytest.skip("a small file system can only be made as root")
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", place],
                          capture_output=True, text=True)
    if made.returncode != 0:
        pytest.skip(f"no small file system here: {made.stderr.strip()}")
    yield place
    subprocess.run(["umount", place], check=True)


@pytest.mark.parametrize("command", ["quantize", "calibrate", "run"])
def test_a_full_disk_loses_nothing(command, full, tmp_path):
    np.savez(tmp_path / "in.npz", input=np.zeros((4000, 1, 28, 28), np.float32))
    arguments = {
        "quantize": [MODEL, "--data", DATA, "--limit", 8, "-o"],
        "calibrate": [MODEL, "--data", DATA, "--limit", 8, "-o"],
        "run": [MODEL, "--inputs", tmp_path / "in.npz", "--outputs"],
    }[command]
    target = full / "target"
    target.write_text("what was there")
    result = refused(full, command, *arguments, target)
    assert "full" in result.errors or "space" in result.errors, result
    assert target.read_text() == "what was there"


def test_a_folder_that_is_not_there_is_named(tmp_path):
    for command in (["quantize", MODEL, "--data", DATA, "--limit", 4, "-o", "no/out.onnx"],
                    ["calibrate", MODEL, "--data", DATA, "--limit", 4, "-o", "no/s.octet.json"]):
        refused(tmp_path, *command, says="no/")


@pytest.mark.parametrize("name, shown", [("a\nb", "a\\nb"), ("\x1b[2J", "\\u{1B}[2J")])
def test_control_characters_of_names_are_spelled_out(name, shown, tmp_path):
    """A name in a file neither ends a line nor commands the terminal."""
    helper, real = onnx.helper, onnx.TensorProto.FLOAT
    graph = helper.make_graph(
        [helper.make_node("Relu", ["x"], ["y"], name)], "graph",
        [helper.make_tensor_value_info("x", real, [1])],
        [helper.make_tensor_value_info("y", real, [1])])
    file = tmp_path / "model.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]), file)
    said = succeed("inspect", file).output
    assert shown in said and name not in said
    graph.node[0].input[0] = name
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]), file)
    refused(tmp_path, "inspect", file, says=[shown])
