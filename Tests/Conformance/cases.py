"""The node tests that the onnx package carries: which there are, what each needs, how each ends."""

import re
import shutil
import subprocess
import sys
import warnings
from dataclasses import dataclass
from pathlib import Path

import ml_dtypes
import numpy as np
import onnx
from onnx import numpy_helper
from onnx.backend.test.loader import load_model_tests

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "Judges"))

from program import octet  # noqa: E402

# What no inference needs, with the reason that the table gives for it.
LEFT_OUT = {
    "training": r"^test_(adagrad|adam|nesterov_momentum|momentum|nllloss|sce|training_dropout)"
                r"|^test_batchnorm_\w*training_mode",
    "ai.onnx.ml": r"^test_ai_onnx_ml_",
}
# Our own words for what we do not do.
UNSUPPORTED = re.compile(r"cannot be executed|before the data are known|"
                         r"opsets \d+ to \d+ are supported|which opset \d+ cannot say")


@dataclass
class Case:
    """One test: a model, what it is fed, what must come out."""

    test: object
    operator: str
    domain: str
    reason: str | None = None

    @property
    def name(self):
        return self.test.name


@dataclass
class Outcome:
    """`kind` is passed, unsupported or failed; `detail` says why."""

    kind: str
    detail: str = ""


def all_cases():
    """Every node test, in the package's order."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tests = load_model_tests(kind="node")
    named = {test.name: test for test in tests}
    cases = []
    for test in tests:
        # A function's body spelled out counts for the operator that it spells out.
        base = named.get(re.sub(r"(_expanded.*)$", "", test.name), test)
        node = subject(base.model)
        reason = next((reason for reason, pattern in LEFT_OUT.items()
                       if re.search(pattern, test.name)), None)
        cases.append(Case(test, node.op_type, node.domain or "ai.onnx", reason))
    return cases


def subject(model):
    """The node that a test is about: the first that is no constant."""
    nodes = model.graph.node
    return next((node for node in nodes if node.op_type != "Constant"), nodes[0])


def run(case, folder, timeout):
    """Runs a test in a folder of its own, which goes when it passed."""
    outcome = Outcome("passed")
    try:
        for number, (inputs, expected) in enumerate(case.test.data_sets):
            place = Path(folder) / case.name / str(number)
            place.mkdir(parents=True, exist_ok=True)
            outcome = attempt(case.test, inputs, expected, place, timeout)
            if outcome.kind != "passed":
                break
    finally:
        shutil.rmtree(Path(folder) / case.name, ignore_errors=True)
    return outcome


def attempt(test, inputs, expected, place, timeout):
    model, source, target = place / "model.onnx", place / "inputs", place / "outputs"
    model.write_bytes(test.model.SerializeToString())
    arguments = []
    if inputs:
        source.mkdir(exist_ok=True)
        arguments = ["--inputs", source]
        for number, (value, info) in enumerate(zip(inputs, test.model.graph.input)):
            (source / f"input_{number}.pb").write_bytes(encoded(value, info))
    try:
        result = octet("run", model, *arguments, "--outputs", target, timeout=timeout)
    except subprocess.TimeoutExpired:
        return Outcome("failed", f"does not end within {timeout} s")
    if result.crashed:
        words = [line.strip(" *") for line in result.errors.splitlines() if line.strip(" *")]
        telling = [line for line in words if "failure" in line or "Fatal" in line]
        return Outcome("failed", f"crashes: {(telling or words or ['no words'])[0][:200]}")
    if result.status != 0:
        message = result.errors.strip().removeprefix("octet: ")
        isOurs = (result.status == 1 and "\n" not in message and UNSUPPORTED.search(message))
        return Outcome("unsupported" if isOurs else "failed", message)
    for number, (value, info) in enumerate(zip(expected, test.model.graph.output)):
        file = target / f"output_{number}.pb"
        if not file.exists():
            return Outcome("failed", f"output {number} is missing")
        try:
            compare(value, decoded(file.read_bytes(), info), info.name, test)
        except AssertionError as error:
            return Outcome("failed", str(error))
    return Outcome("passed")


def encoded(value, info):
    """The bytes that ONNX's own test data would have in a .pb file."""
    kind = info.type.WhichOneof("value")
    if kind == "sequence_type":
        return numpy_helper.from_list(value, info.name).SerializeToString()
    if kind == "optional_type":
        return numpy_helper.from_optional(value, info.name).SerializeToString()
    if isinstance(value, onnx.TensorProto):
        return value.SerializeToString()
    return numpy_helper.from_array(np.asarray(value), info.name).SerializeToString()


def decoded(data, info):
    kind = info.type.WhichOneof("value")
    if kind == "sequence_type":
        return numpy_helper.to_list(onnx.SequenceProto.FromString(data))
    if kind == "optional_type":
        return numpy_helper.to_optional(onnx.OptionalProto.FromString(data))
    return numpy_helper.to_array(onnx.TensorProto.FromString(data))


def compare(expected, found, name, test):
    """Fails with one line when `found` is not what the test expects."""
    if isinstance(expected, onnx.TensorProto):
        expected = numpy_helper.to_array(expected)
    if expected is None or found is None:
        assert expected is found, f"'{name}' is {'empty' if found is None else 'not empty'}"
        return
    if isinstance(expected, (list, tuple)):
        assert isinstance(found, (list, tuple)), f"'{name}' is no sequence"
        assert len(expected) == len(found), f"'{name}' has {len(found)} elements, not {len(expected)}"
        for one, other in zip(expected, found):
            compare(one, other, name, test)
        return
    expected = np.asarray(expected)
    assert expected.shape == found.shape, f"'{name}' has shape {found.shape}, not {expected.shape}"
    if expected.dtype.kind in "OUS":
        assert found.dtype.kind in "OUS", f"'{name}' is {found.dtype}, not string"
        words = [[text(word) for word in array.ravel()] for array in (expected, found)]
        assert words[0] == words[1], f"'{name}' is {words[1]}, not {words[0]}"
        return
    assert expected.dtype == found.dtype, f"'{name}' is {found.dtype}, not {expected.dtype}"
    relative = test.rtol
    if expected.dtype == ml_dtypes.bfloat16:
        relative = max(relative, 2**-6)  # Two units in the last place, as ONNX's runner allows.
    wide = (lambda array: array.astype(np.float64)) if expected.dtype.kind not in "fc" else np.asarray
    if expected.dtype.kind in "iub" and expected.dtype.itemsize == 8:
        wide = np.asarray
    absolute = test.atol
    if expected.dtype == np.float32 and expected.size:
        # Two units in the last place of the largest value: expected zeros carry the noise of the
        # float32 transforms that they were recorded from.
        largest = np.abs(expected[np.isfinite(expected)]).max(initial=0)
        absolute = max(absolute, 2 * np.finfo(np.float32).eps * float(largest))
    try:
        with np.errstate(all="ignore"):
            np.testing.assert_allclose(wide(found), wide(expected), rtol=relative, atol=absolute)
    except AssertionError as error:
        summary = " ".join(str(error).split())
        raise AssertionError(f"'{name}' differs: {summary[:300]}") from None


def text(word):
    return word.decode() if isinstance(word, bytes) else str(word)
