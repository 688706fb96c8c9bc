"""One answer of the doctor, and all of them as text and as data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from osmia import Answer

__all__ = ["Finding", "can_run", "findings_json", "findings_text"]

WORDS = {Answer.YES: "yes", Answer.NO: "no", Answer.UNKNOWN: "cannot tell"}


@dataclass(frozen=True, slots=True)
class Finding:
    """Whether something is there."""

    name: str
    answer: Answer
    detail: str = ""
    """What was found, or what is lost without it."""
    help: str = ""
    """How to give it."""
    required: bool = False
    """Whether the monitor cannot run without it."""


def can_run(findings: Sequence[Finding]) -> bool:
    """Whether nothing is missing that the monitor cannot run without."""
    return not any(finding.required and finding.answer is Answer.NO for finding in findings)


def findings_text(findings: Sequence[Finding]) -> str:
    """A table, and one sentence."""
    width = max(len(finding.name) for finding in findings)
    lines: list[str] = []
    for finding in findings:
        lines.append(f"{WORDS[finding.answer]:<12} {finding.name:<{width}}  {finding.detail}".rstrip())
        if finding.answer is not Answer.YES and finding.help:
            lines.append(f"{'':<12} {'':<{width}}  -> {finding.help}")
    missing = [f.name for f in findings if f.required and f.answer is Answer.NO]
    verdict = f"cannot run here: {', '.join(missing)}" if missing else "can run here"
    return "\n".join([*lines, "", f"osmia monitor {verdict}"])


def findings_json(findings: Sequence[Finding]) -> dict[str, object]:
    """The same for programs."""
    return {
        "can_run": can_run(findings),
        "findings": [
            {
                "name": finding.name,
                "answer": WORDS[finding.answer],
                "detail": finding.detail,
                "help": finding.help,
                "required": finding.required,
            }
            for finding in findings
        ],
    }
