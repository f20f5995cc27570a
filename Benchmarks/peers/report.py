"""The table of what was timed, and its place in Documentation/Performance.md."""

import datetime
import os
import re
import statistics
from dataclasses import dataclass

from peers.models import REPOSITORY
from peers.rivals import VERSIONS, processor, rivals_on

REPORT = REPOSITORY / "Documentation/Performance.md"
NONE = "–"
PRECISIONS = ("fp32", "int8")

INTRODUCTION = """# Performance

Milliseconds are medians over rounds, and in brackets the least of all runs; ratios are medians over rounds in which all
programs ran in turn, and in brackets the ratio of the least times. Below 1 the first is faster. `make bench-peers`
measures the first table anew, and the one of training.
"""
EXPLANATION = (
    "Each program runs the int8 model that its own tool makes of the same samples; recurrent\n"
    "layers are dynamic int8, and a dash says that a tool does not make that. Models from resnet18\n"
    "on have random weights.")


@dataclass
class Row:
    """What `time` of octet, and of each rival, gave in each round."""

    name: str
    ours: list
    theirs: list

    @staticmethod
    def milliseconds(times):
        middle, least = statistics.median(time[0] for time in times), min(time[1] for time in times)
        return f"{middle:.3g} ({least:.3g})"

    @staticmethod
    def ratio(ours, theirs):
        """To the fastest rival of each round, as the median over rounds; and of the least times."""
        if not theirs:
            return NONE
        ratios = [mine[0] / min(time[0] for time in times) for mine, *times in zip(ours, *theirs)]
        least = min(time[1] for times in theirs for time in times)
        return f"{statistics.median(ratios):.2f} ({min(mine[1] for mine in ours) / least:.2f})"

    @property
    def cells(self):
        cells = [self.name]
        for index in range(len(PRECISIONS)):
            ours = [found[index] for found in self.ours]
            theirs = [[found[index] for found in rounds] for rounds in self.theirs]
            cells.append(self.milliseconds(ours))
            cells += [NONE if None in times else self.milliseconds(times) for times in theirs]
            cells.append(self.ratio(ours, [times for times in theirs if None not in times]))
        return cells


def line(cells):
    return f"| {' | '.join(cells)} |"


def titles(options):
    cells = ["model"]
    for precision in PRECISIONS:
        rivals = [f"{rival.title} {precision}" for rival in rivals_on(options.isa)]
        cells += [f"octet {precision}", *rivals, "octet / fastest"]
    return cells


def heading(options):
    names = " and ".join(rival.name for rival in rivals_on(options.isa))
    restricted = f" on {options.isa}" if options.isa else ""
    plural = "s" if options.threads > 1 else ""
    return f"## Against {names}{restricted}, {options.threads} thread{plural}"


def conditions(options):
    versions = ", ".join(f"{name} {version()}" for name, version in VERSIONS.items())
    note = f" {options.note}" if options.note else ""
    if options.isa:
        note = (
            f" All are asked to keep to {options.isa}, which ONNX Runtime cannot be and OpenVINO"
            f"\ndoes not throughout.{note}")
    return (
        f"{processor()}, {os.cpu_count()} cores; {datetime.date.today()}; {versions};\n"
        f"batch 1, {options.rounds} rounds of at most {options.runs} runs.{note}\n{EXPLANATION}")


def section(rows, options, names):
    """What was measured where, and the table, with its rows in the order of names."""
    ordered = [rows[name] for name in names if name in rows]
    columns = titles(options)
    rule = line(["---"] + ["---:"] * (len(columns) - 1))
    table = "\n".join([line(columns), rule, *ordered])
    return f"{heading(options)}\n\n{conditions(options)}\n\n{table}\n"


def replace(heading, text):
    """Puts `text` in the place of the section of that heading, or at the end."""
    report = REPORT.read_text() if REPORT.exists() else INTRODUCTION
    pattern = re.compile(rf"^{re.escape(heading)}\n.*?(?=^## |\Z)", re.M | re.S)
    section = f"{heading}\n\n{text}\n\n"
    if pattern.search(report):
        report = pattern.sub(lambda _: section, report, count=1)
    else:
        report = report.rstrip("\n") + "\n\n" + section
    REPORT.write_text(report.rstrip("\n") + "\n")


def write(rows, options, names):
    """Replaces the section of the same heading, or adds it before the first of other kinds.

    Rows of other models stay if they were measured under the same conditions on the same day."""
    report = REPORT.read_text() if REPORT.exists() else INTRODUCTION
    pattern = re.compile(rf"^{re.escape(heading(options))}\n.*?(?=^## |\Z)", re.M | re.S)
    found = pattern.search(report)
    if found and conditions(options) in found.group():
        kept = re.finditer(r"^\| (\S+) \|.*\|$", found.group(), re.M)
        rows = {**{row.group(1): row.group() for row in kept}, **rows}
    text = section(rows, options, names)
    if found:
        report = pattern.sub(lambda _: text + "\n", report, count=1)
    else:
        first = re.search(r"^## (?!Against .*OpenVINO.*, \d+ threads?$)", report, re.M)
        at = first.start() if first else len(report)
        report = report[:at].rstrip("\n") + "\n\n" + text + "\n" + report[at:]
    REPORT.write_text(report.rstrip("\n") + "\n")
