"""Counts by operator, on the terminal and as Documentation/Operators.md."""

import re
from collections import Counter, defaultdict

import onnx

# As many reasons as a line of the document gives.
REASONS = 3
KINDS = ("passed", "unsupported", "failed")


class Summary:
    def __init__(self, every, chosen, outcomes):
        self.left_out = Counter(case.reason for case in every if case.reason)
        self.operators = defaultdict(Counter)
        self.reasons = defaultdict(Counter)
        for case, outcome in zip(chosen, outcomes):
            key = (case.domain, case.operator)
            self.operators[key][outcome.kind] += 1
            if outcome.kind != "passed":
                self.reasons[key][phrase(outcome.detail)] += 1

    def total(self, kind):
        return sum(counts[kind] for counts in self.operators.values())

    @property
    def count(self):
        return sum(map(self.total, KINDS))

    @property
    def share(self):
        return self.total("passed") / max(self.count, 1)

    def counts(self):
        """A line for each operator, and the totals."""
        lines = [f"{'operator':44}" + "".join(f"{kind:>12}" for kind in KINDS)]
        for (domain, name), counts in sorted(self.operators.items()):
            label = name if domain == "ai.onnx" else f"{domain}.{name}"
            lines.append(f"{label:44}" + "".join(f"{counts[kind]:12}" for kind in KINDS))
        lines.append(f"{'all':44}" + "".join(f"{self.total(kind):12}" for kind in KINDS))
        lines.append(f"{100 * self.share:.1f} % of {self.count} passed; "
                     f"{sum(self.left_out.values())} left out")
        return "\n".join(lines)

    def markdown(self):
        left_out = {
            "training": "optimizers, losses, and Dropout and BatchNormalization while training",
            "ai.onnx.ml": "classical machine learning, `ai.onnx.ml`",
        }
        lines = [
            "# Operators",
            "",
            f"How Octet does on the node tests that the `onnx` package {onnx.__version__} carries, "
            f"opsets 1 to {onnx.defs.onnx_opset_version()}.",
            "`make conformance` runs them and writes this file. The tests whose models spell a "
            "function out count for its operator.",
            "",
            f"**{self.total('passed')} of {self.count} pass** ({100 * self.share:.1f} %), "
            f"{self.total('unsupported')} are refused with a message, "
            f"{self.total('failed')} fail.",
            "",
            "Left out: " + "; ".join(
                f"{left_out[reason]} ({count} tests)" for reason, count in self.left_out.items())
            + ".",
            "",
            "| operator | passed | refused | why |",
            "|---|---:|---:|---|",
        ]
        for (domain, name), counts in sorted(self.operators.items()):
            label = name if domain == "ai.onnx" else f"{domain}.{name}"
            reasons = self.reasons[domain, name].most_common()
            why = "; ".join(f"{reason} ({count})" if count > 1 else reason
                            for reason, count in reasons[:REASONS])
            if len(reasons) > REASONS:
                why += f"; {len(reasons) - REASONS} other reasons"
            refused = counts["unsupported"] + counts["failed"]
            lines.append(f"| {label} | {counts['passed']} | {refused or ''} | {escaped(why)} |")
        return "\n".join(lines) + "\n"


def phrase(message):
    """A message in few words, without the node and the values that it is about."""
    message = message.split("\n")[0]
    unknown = re.search(r"uses (\S+) \(opset \d+\), which cannot be executed", message)
    if unknown:
        return f"no {unknown[1]}"
    if message.startswith("Node '"):
        message = message.split("'", 2)[2].lstrip(": ")
    message = re.sub(r"(\S+) needs '[^']*' before the data are known;.*",
                     r"\1 takes shapes and axes from data", message)
    message = re.sub(r"this use of (\S+) cannot be executed: ", r"\1: ", message)
    message = message.replace("cannot be executed on", "of")
    return message.split(". ")[0].rstrip(".")


def escaped(text):
    return text.replace("|", "\\|").replace("<", "&lt;")
