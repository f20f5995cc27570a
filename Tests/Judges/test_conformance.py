"""ONNX's own node tests: none may fail, few may be refused, and the document says which."""

import sys

from program import REPOSITORY

sys.path.insert(0, str(REPOSITORY / "Tests/Conformance"))

import cases  # noqa: E402
import conformance  # noqa: E402
import table  # noqa: E402


def test_conformance():
    every = cases.all_cases()
    chosen = [case for case in every if not case.reason]
    outcomes = conformance.measured(chosen, limit=60, jobs=2)
    failed = [f"{case.name}: {outcome.detail}"
              for case, outcome in zip(chosen, outcomes) if outcome.kind == "failed"]
    assert not failed, "\n".join(failed)
    summary = table.Summary(every, chosen, outcomes)
    assert summary.share >= conformance.PASSED_SHARE, summary.counts()
    assert conformance.DOCUMENT.read_text() == summary.markdown(), "run make conformance"
