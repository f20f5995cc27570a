"""Runs ONNX's own node tests through `octet run`, counts, and writes Documentation/Operators.md.

    conformance.py                  all tests; writes the table
    conformance.py --only REGEX     those whose name or operator matches; writes nothing
"""

import argparse
import concurrent.futures
import re
import sys
import tempfile
import time

import cases
import table
from program import REPOSITORY

PASSED_SHARE = 0.95
DOCUMENT = REPOSITORY / "Documentation/Operators.md"


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", metavar="REGEX", help="run what matches by test or operator name")
    parser.add_argument("--limit", type=float, default=60, help="seconds that a test may take")
    parser.add_argument("--jobs", type=int, default=2, help="tests at once")
    parser.add_argument("--show", action="store_true", help="list unsupported tests too")
    return parser.parse_args()


def measured(chosen, limit, jobs, progress=True):
    """How each case ended, in order."""
    outcomes = []
    with tempfile.TemporaryDirectory() as folder, \
            concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        running = pool.map(lambda case: cases.run(case, folder, limit), chosen)
        for number, outcome in enumerate(running, start=1):
            outcomes.append(outcome)
            if progress and sys.stderr.isatty():
                print(f"\r{number}/{len(chosen)}", end="", file=sys.stderr, flush=True)
    if progress and sys.stderr.isatty():
        print("\r", end="", file=sys.stderr)
    return outcomes


def main():
    options = arguments()
    start = time.monotonic()
    every = cases.all_cases()
    chosen = [case for case in every if not case.reason]
    if options.only:
        chosen = [case for case in chosen
                  if re.search(options.only, case.name) or re.search(options.only, case.operator)]
    outcomes = measured(chosen, options.limit, options.jobs)
    summary = table.Summary(every, chosen, outcomes)
    for case, outcome in zip(chosen, outcomes):
        if outcome.kind == "failed" or (options.show and outcome.kind == "unsupported"):
            print(f"{outcome.kind:11}  {case.name}: {outcome.detail}")
    print(summary.counts())
    print(f"{time.monotonic() - start:.0f} s")
    if not options.only:
        DOCUMENT.write_text(summary.markdown())
    if summary.total("failed") or (not options.only and summary.share < PASSED_SHARE):
        sys.exit(1)


if __name__ == "__main__":
    main()
