"""Stateful models: what a step gives is handed to the next, as ONNX Runtime's caller would."""

import json

import numpy as np
import pytest

import models
from judge import decibels, relative, session
from program import answer, octet, succeed

MODEL = models.MODELS / "stateful.onnx"
STATE = ["--state", "state=next"]


def sequences(count=6, steps=20, seed=1):
    return np.random.default_rng(seed).standard_normal((count, steps, 4)).astype(np.float32)


def unrolled(judge, data):
    """Outputs of every step `[sequences * steps, ...]`, with states of zeros at each beginning."""
    found = {}
    for sequence in data:
        state = np.zeros((1, 3), np.float32)
        for step in sequence:
            y, state = judge.run(["y", "next"], {"x": step[None], "state": state})
            found.setdefault("y", []).append(y)
            found.setdefault("next", []).append(state)
    return {name: np.stack(values) for name, values in found.items()}


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    folder = tmp_path_factory.mktemp("state")
    np.savez(folder / "data.npz", x=sequences())
    return folder


def run(model, desk, *options):
    succeed("run", model, "--inputs", desk / "data.npz", *STATE, "--outputs", desk / "out.npz",
            *options)
    with np.load(desk / "out.npz") as found:
        return {name: found[name] for name in found.files}


def test_run_hands_states_on(desk):
    found, expected = run(MODEL, desk), unrolled(session(MODEL), sequences())
    assert set(found) == set(expected)
    for name, reference in expected.items():
        assert found[name].shape == reference.shape == (120, 1, 2 if name == "y" else 3)
        assert relative(reference, found[name]) <= 1e-5


def test_a_quantized_model_has_states_of_its_own(desk):
    session_file, file = desk / "stateful.octet.json", desk / "stateful.int8.onnx"
    report = answer("calibrate", MODEL, "--data", desk / "data.npz", *STATE, "-o", session_file)
    assert report["samples"] == 120
    assert json.loads(session_file.read_text())["data"]["states"] == ["state=next"]
    converted = answer("convert", session_file, "-o", file)
    assert converted["saturation"]["samples"] == 32
    found, expected = run(file, desk), unrolled(session(file), sequences())
    assert decibels(expected["y"], found["y"]) >= 35
    real = unrolled(session(MODEL), sequences())
    compared = answer("compare", MODEL, session_file, "--data", desk / "data.npz", *STATE)
    output = next(entry for entry in compared["outputs"] if entry["output"] == "y")
    assert abs(output["error"]["decibels"] - decibels(real["y"], found["y"])) < 0.1
    # A session that did not carry states saw fewer values of them.
    succeed("benchmark", MODEL, file, "--data", desk / "data.npz", *STATE, "--runs", 3)


def test_the_session_knows_the_states_that_occurred(desk):
    session_file = desk / "ranges.octet.json"
    succeed("calibrate", MODEL, "--data", desk / "data.npz", *STATE, "-o", session_file)
    edges = json.loads(session_file.read_text())["statistics"]["edges"]
    states = unrolled(session(MODEL), sequences())["next"].reshape(6, 20, 3)[:, :-1]
    assert abs(edges["state"]["signed"]["maximum"] - max(states.max(), 0)) < 1e-5


def test_files_of_a_folder_are_sequences(desk):
    folder = desk / "files"
    folder.mkdir()
    for number, sequence in enumerate(sequences()):
        np.save(folder / f"x_{number}.npy", sequence)
    succeed("run", MODEL, "--inputs", folder, *STATE, "--outputs", desk / "files.npz")
    with np.load(desk / "files.npz") as found:
        assert np.array_equal(found["y"], run(MODEL, desk)["y"])


@pytest.mark.parametrize("state, word", [
    ("state", "INPUT=OUTPUT"), ("nowhere=next", "no input 'nowhere'"),
    ("state=nowhere", "no output 'nowhere'"), ("state=y", "the input is 1×3, the output 1×2"),
])
def test_wrong_states_are_one_message(state, word, desk):
    for command in (["run", MODEL, "--inputs", desk / "data.npz"],
                    ["compare", MODEL, MODEL, "--data", desk / "data.npz"],
                    ["calibrate", MODEL, "--data", desk / "data.npz", "-o", desk / "no.json"]):
        result = octet(*command, "--state", state)
        assert result.status in (1, 2) and not result.crashed, result
        assert word in result.errors, result
    assert not (desk / "no.json").exists()


def voices():
    """Recordings of 16 kHz: the fixture's, or tones in noise that come and go."""
    if models.fixtures() and (models.fixtures() / "data/speech_vad_speechbrain.npz").exists():
        with np.load(models.fixtures() / "data/speech_vad_speechbrain.npz") as members:
            return [members[f"x{number}"] for number in range(3)]
    random = np.random.default_rng(4)
    time = np.arange(16_000) / 16_000
    return [(3000 * np.sin(2 * np.pi * pitch * time) * (np.sin(7 * time) > 0)
             + random.normal(0, 200, len(time))).astype(np.int16) for pitch in (180, 240, 310)]


def area_under_curve(scores, labels):
    """Of the receiver operating characteristic."""
    ranks = np.empty(len(scores))
    ranks[np.argsort(scores, kind="stable")] = np.arange(1, len(scores) + 1)
    positive = int(labels.sum())
    return (ranks[labels].sum() - positive * (positive + 1) / 2) / (
        positive * (len(labels) - positive))


def speech(judge, members):
    """The judge's probability of speech and the label of every frame."""
    scores, labels = [], []
    for number in range(sum(name.startswith("x") for name in members.files)):
        signal, truth = members[f"x{number}"].astype(np.float32) / 32768, members[f"y{number}"]
        state, context = np.zeros((2, 1, 128), np.float32), np.zeros(64, np.float32)
        for start in range(0, len(signal) - 511, 512):
            frame = np.concatenate([context, signal[start:start + 512]])
            context = frame[-64:]
            score, state = judge.run(
                None, {"input": frame[None], "state": state, "sr": np.array(16_000)})
            scores.append(score.ravel()[0])
            labels.append(truth[start:start + 512].mean() > 0.5)
    return np.array(scores), np.array(labels)


@pytest.mark.parametrize("options", [
    ["--dynamic"], ["--weight-only", "int8"],
    # A magnitude: what is squared has twice the dynamic range in decibels.
    [part for name in ("Pow", "Add", "Sqrt") for part in ("--set", f"op={name}:precision=float32")],
], ids=["dynamic", "weights", "static"])
def test_voice_activity_survives_int8(options, tmp_path):
    """Calibrated over speech with its state fed back, both branches of the way through the model."""
    folder = models.fixtures()
    if folder is None or not (folder / "data/speech_vad_speechbrain.npz").exists():
        pytest.skip("OCTET_FIXTURES names no folder with data/speech_vad_speechbrain.npz")
    model, file = models.path("silero_vad_16k_op15"), tmp_path / "vad.int8.onnx"
    with np.load(folder / "data/speech_vad_speechbrain.npz") as members:
        names = [name for name in members.files if name.startswith("x")]
        np.savez(tmp_path / "voices.npz", sr=np.int64(16_000),
                 **{name: members[name] for name in names})
        report = answer(
            "quantize", model, "--data", tmp_path / "voices.npz", "--state", "state=stateN",
            "--preprocess", "frame=576:512,scale=1/32768", "--map", "input=" + "+".join(names),
            *options, "-o", file)
        assert report["int8Layers"] + report["dynamicLayers"] + report["weightOnlyLayers"] > 1
        scores, labels = speech(session(model), members)
        assert area_under_curve(scores, labels) > 0.995
        found, _ = speech(session(file), members)
        quality = area_under_curve(found, labels)
    print(f"silero_vad_16k_op15 {options}: AUC {quality:.4f}")
    assert quality >= 0.985


def test_voice_activity_in_frames_of_recordings(tmp_path):
    """Recordings are cut into frames of 512 samples with 64 of context, states begin anew in each."""
    model = models.path("silero_vad_16k_op15")
    recordings = voices()
    np.savez(tmp_path / "voices.npz", sr=np.int64(16_000),
             **{f"x{number}": values for number, values in enumerate(recordings)})
    mapping = "input=" + "+".join(f"x{number}" for number in range(len(recordings)))
    options = ["--state", "state=stateN", "--preprocess", "frame=576:512,scale=1/32768", "--map",
               mapping, "--data", tmp_path / "voices.npz"]
    compared = answer("compare", model, model, *options)
    steps = sum(len(values) // 512 for values in recordings)
    assert compared["sampleCount"] == steps
    judge = session(model)
    reals = []
    for values in recordings:
        state, context = np.zeros((2, 1, 128), np.float32), np.zeros(64, np.float32)
        signal = values.astype(np.float32) / 32768
        for start in range(0, len(signal) - 511, 512):
            frame = np.concatenate([context, signal[start:start + 512]])
            context = frame[-64:]
            output, state = judge.run(
                None, {"input": frame[None], "state": state, "sr": np.array(16_000)})
            reals.append(output)
    assert len(reals) == steps
    for number, values in enumerate(recordings):
        np.save(tmp_path / f"input_{number}.npy", values)
    joined = tmp_path / "joined.npz"
    frames = []
    for values in recordings:
        padded = np.concatenate([np.zeros(64, np.int16), values])
        count = len(values) // 512
        frames.append(np.stack([padded[512 * k:512 * k + 576] for k in range(count)]))
    shortest = min(len(frame) for frame in frames)
    data = np.stack([frame[:shortest] for frame in frames]).astype(np.float32) / 32768
    np.savez(joined, input=data, sr=np.int64(16_000))
    succeed("run", model, "--inputs", joined, "--state", "state=stateN", "--outputs",
            tmp_path / "out.npz")
    with np.load(tmp_path / "out.npz") as found:
        first = found["output"][:shortest]
    assert relative(np.stack(reals[:shortest]), first) <= 1e-4
