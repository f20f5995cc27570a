"""`octet train` and `octet replay` as commands: what they refuse, and what they give again."""

import json
import shutil

import numpy as np
import onnx
import onnxruntime
import pytest

from program import REPOSITORY, answer, octet, succeed

MODEL = REPOSITORY / "sessions/mnist_cnn.onnx"
DATA = REPOSITORY / "sessions/mnist5k_data.npz"


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    folder = tmp_path_factory.mktemp("training")
    shutil.copy(MODEL, folder / "model.onnx")
    with np.load(DATA) as members:
        np.savez(folder / "train.npz", input=np.float32(members["train_x"][:320]) / 255,
                 labels=members["train_y"][:320])
        np.savez(folder / "bare.npz", input=np.float32(members["train_x"][:64]) / 255)
    return folder


@pytest.fixture(scope="module")
def trained(desk):
    succeed("train", "model.onnx", "--data", "train.npz", "--epochs", "2", "-o", "int8.onnx",
            "--session", "s.octet.json", "--float-output", "float.onnx", folder=desk)
    return desk


def train(desk, *options, data="train.npz"):
    return octet("train", "model.onnx", "--data", data, "-o", "x.onnx", *options, folder=desk)


@pytest.mark.parametrize("options, status, says", [
    (["--epochs", "0"], 1, "Epochs"),
    (["--mini-batch", "0"], 1, "at least one sample"),
    (["--learning-rate=-1"], 1, "above 0"),
    (["--learning-rate", "nan"], 1, "above 0"),
    (["--clip", "0"], 1, "above 0"),
    (["--validation-share", "1"], 1, "0..<1"),
    (["--patience", "0"], 1, "Patience"),
    (["--averaging", "2"], 1, "averaging"),
    (["--distill", "kl", "--temperature", "0"], 1, "temperature"),
    (["--layer", "/99/Conv"], 1, "no layer '/99/Conv'"),
    (["--match", "nowhere"], 1, "no value 'nowhere'"),
    (["--schedule", "linear"], 2, "--schedule takes"),
    (["--schedule", "step=0:0.5"], 2, "--schedule takes"),
    (["--optimizer", "lion"], 2, "lion"),
    (["--distill", "l1"], 2, "l1"),
    (["--batch", "4"], 2, "--mini-batch"),
    (["--resume"], 2, "--checkpoint"),
    (["--state", "a=b"], 2, "--state"),
    (["--session", "s.json", "--learn-scales"], 2, "--learn-scales"),
    (["--checkpoint", "nowhere.npz", "--resume"], 1, "nowhere.npz"),
])
def test_wrong_options_are_refused(options, status, says, desk):
    done = train(desk, *options)
    assert done.status == status, done
    assert says in done.errors
    assert len(done.errors.strip().splitlines()) <= 4 or status == 2
    assert not (desk / "x.onnx").exists()


def test_a_model_with_a_fixed_batch_names_the_option(desk):
    model = onnx.load(desk / "model.onnx")
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 4
    onnx.save(model, desk / "fixed.onnx")
    done = octet("train", "fixed.onnx", "--data", "train.npz", "-o", "x.onnx", folder=desk)
    assert done.status == 1 and "--mini-batch 1" in done.errors, done
    succeed("train", "fixed.onnx", "--data", "train.npz", "--mini-batch", "1", "--epochs", "1",
            "--limit", "16", "-o", "fixed.int8.onnx", folder=desk)


def test_labels_are_needed_and_must_fit(desk):
    done = train(desk, "--loss", "cross-entropy", data="bare.npz")
    assert done.status == 1 and "--labels" in done.errors, done
    with np.load(desk / "train.npz") as members:
        np.savez(desk / "odd.npz", input=members["input"], labels=members["labels"] + 9)
    done = train(desk, data="odd.npz")
    assert done.status == 1 and "classes 0...9" in done.errors, done


def test_a_quantized_model_is_not_trained_again(trained):
    done = octet("train", "int8.onnx", "--data", "train.npz", "-o", "x.onnx", folder=trained)
    assert done.status == 1 and "already quantized" in done.errors, done


def test_only_the_chosen_layer_changes(desk):
    values = []
    for file, options in [("one", ["--layer", "/17/Gemm"]), ("none", ["--learning-rate", "1e-30"])]:
        succeed("train", "model.onnx", "--data", "train.npz", "--epochs", "3", "--distill", "sqnr",
                *options, "--float-output", f"{file}.onnx", "-o", f"{file}.int8.onnx", folder=desk)
        values.append({one.name: onnx.numpy_helper.to_array(one)
                       for one in onnx.load(desk / f"{file}.onnx").graph.initializer})
    one, none = values
    changed = {name for name in one if not np.array_equal(one[name], none[name])}
    assert changed == {"17.weight", "17.bias"}


def test_a_session_gives_the_trained_model_again(trained):
    succeed("convert", "s.octet.json", "-o", "again.onnx", folder=trained)
    assert (trained / "again.onnx").read_bytes() == (trained / "int8.onnx").read_bytes()
    document = json.loads((trained / "s.octet.json").read_text())
    weights = trained / document["trainings"][0]["weights"]["path"]
    assert weights.read_bytes() == (trained / "float.onnx").read_bytes()
    # The judge runs it.
    with np.load(trained / "train.npz") as members:
        inputs = {"input": members["input"][:8]}
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    for file in ["int8.onnx", weights.name]:
        onnxruntime.InferenceSession(trained / file, options).run(None, inputs)


def test_replay_holds_and_writes_the_same_model(trained):
    report = answer("replay", "--check", "s.octet.json", "-o", "replayed.onnx", "--json",
                    folder=trained)
    assert report["holds"]
    assert [stage["name"] for stage in report["stages"]] == [
        "training 1", "calibration", "conversion"]
    assert (trained / "replayed.onnx").read_bytes() == (trained / "int8.onnx").read_bytes()


@pytest.fixture
def copy(trained, tmp_path):
    for file in trained.iterdir():
        shutil.copy(file, tmp_path / file.name)
    return tmp_path


def rewrite(folder, change):
    document = json.loads((folder / "s.octet.json").read_text())
    change(document)
    (folder / "s.octet.json").write_text(json.dumps(document))
    return document


def test_replay_finds_what_differs(copy):
    def change(document):
        record = document["trainings"][0]
        record["result"]["epochs"][1]["loss"] += 1
        record["weights"]["sha256"] = "0" * 64
        edge = sorted(document["statistics"]["edges"])[0]
        document["statistics"]["edges"][edge]["elementCount"] += 1
    rewrite(copy, change)
    told = octet("replay", "s.octet.json", folder=copy)
    assert told.status == 0
    done = octet("replay", "--check", "s.octet.json", folder=copy)
    assert done.status == 3, done
    for words in ["epoch 1 has loss", "its weights differ", "values, not", "3 differences"]:
        assert words in done.errors, done.errors


def test_replay_finds_other_data(copy):
    with np.load(copy / "train.npz") as members:
        np.savez(copy / "train.npz", input=members["input"] * np.float32(0.5),
                 labels=members["labels"])
    done = octet("replay", "--check", "s.octet.json", folder=copy)
    assert done.status == 3 and "not those it was trained on" in done.errors, done


def test_missing_weights_are_made_anew(copy):
    document = rewrite(copy, lambda _: None)
    weights = copy / document["trainings"][0]["weights"]["path"]
    content = weights.read_bytes()
    weights.unlink()
    done = octet("convert", "s.octet.json", "-o", "y.onnx", folder=copy)
    assert done.status == 1 and "--restore" in done.errors, done
    succeed("replay", "--restore", "--check", "s.octet.json", folder=copy)
    assert weights.read_bytes() == content
    weights.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    done = octet("convert", "s.octet.json", "-o", "y.onnx", folder=copy)
    assert done.status == 1 and "digest differs" in done.errors, done


@pytest.mark.parametrize("options", [
    [], ["--threads", "2"], ["--isa", "scalar"],
    ["--seed", "3", "--limit", "40", "--labels", "labels", "--map", "input=input"],
])
def test_a_calibration_is_replayed(options, desk, tmp_path):
    succeed("calibrate", desk / "model.onnx", "--data", desk / "train.npz", "--batch", "8", *options,
            "-o", tmp_path / "c.octet.json")
    succeed("replay", "--check", tmp_path / "c.octet.json")
    # Other kernels add in another order, which is allowed.
    succeed("replay", "--check", tmp_path / "c.octet.json", "--isa", "scalar")


def test_replay_refuses_what_it_cannot_do(desk, tmp_path):
    shutil.copy(REPOSITORY / "sessions/mnist_cnn.octet.json", tmp_path / "s.octet.json")
    for file in [MODEL, DATA]:
        shutil.copy(file, tmp_path / file.name)
    done = octet("replay", "s.octet.json", folder=tmp_path)
    assert done.status == 1 and "records nothing" in done.errors, done
    done = octet("replay", "missing.octet.json", folder=tmp_path)
    assert done.status == 1 and "missing.octet.json" in done.errors, done


def test_a_broken_run_goes_on_to_the_same_end(desk, tmp_path):
    """Headless: the epochs before the end are those of a shorter run with the same checkpoint."""
    whole = ["train", desk / "model.onnx", "--data", desk / "train.npz", "--epochs", "3"]
    succeed(*whole, "-o", tmp_path / "whole.onnx", "--checkpoint", tmp_path / "c.npz")
    succeed(*whole, "-o", tmp_path / "again.onnx", "--checkpoint", tmp_path / "c.npz", "--resume")
    assert (tmp_path / "whole.onnx").read_bytes() == (tmp_path / "again.onnx").read_bytes()
    done = octet("train", desk / "model.onnx", "--data", desk / "train.npz", "--epochs", "4",
                 "-o", tmp_path / "x.onnx", "--checkpoint", tmp_path / "c.npz", "--resume")
    assert done.status == 1 and "other options" in done.errors, done
