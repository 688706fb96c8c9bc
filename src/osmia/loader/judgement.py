"""What the kernel's verifier says of each program of an object, without one of them staying loaded."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum

from osmia.dataclass import dataclass, replace
from osmia.errors import NotSupportedError, OsmiaError, PermissionDeniedError, VerifierError
from osmia.loader.loading import load_object
from osmia.loader.specification import ObjectSpec
from osmia.sys import RUNNING_KERNEL, Kernel


class Verdict(Enum):
    """What came of asking the kernel."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    NOT_JUDGED = "not judged"


@dataclass(frozen=True)
class Complexity:
    """The verifier's work on a program (`print_verification_stats` in kernel/bpf/verifier.c)."""

    processed: int
    """Instructions followed, on all paths together."""
    limit: int
    """How many it would follow."""
    stack: tuple[int, ...]
    """Bytes of stack of the program, then of each function that is verified with it."""
    peak_states: int
    total_states: int
    microseconds: int


@dataclass(frozen=True)
class Judgement:
    """One program's verdict; `error` is what was raised where it is not accepted."""

    program: str
    verdict: Verdict
    complexity: Complexity | None = None
    error: OsmiaError | None = None


def judge(spec: ObjectSpec, kernel: Kernel = RUNNING_KERNEL) -> Iterator[Judgement]:
    """Have the verifier check each program by itself; maps are created and given up again each time."""
    maps = {name: replace(each, programs={}) for name, each in spec.maps.items()}
    for name, program in spec.programs.items():
        alone = replace(spec, programs={name: program}, maps=maps)
        try:
            with load_object(alone, kernel=kernel, with_statistics=True) as loaded:
                complexity = read_statistics(loaded.statistics[name])
        except (PermissionDeniedError, NotSupportedError) as error:
            yield Judgement(name, Verdict.NOT_JUDGED, error=error)
        except OsmiaError as error:
            refused = isinstance(error, VerifierError)
            yield Judgement(name, Verdict.REFUSED if refused else Verdict.NOT_JUDGED, error=error)
        else:
            yield Judgement(name, Verdict.ACCEPTED, complexity)


def read_statistics(text: str) -> Complexity | None:
    """The last lines of a verifier log; None where the kernel words them differently."""
    processed = re.search(
        r"processed (\d+) insns \(limit (\d+)\).* total_states (\d+) peak_states (\d+)", text
    )
    stack = re.search(r"stack depth (\d+(?:\+\d+)*)", text)
    time = re.search(r"verification time (\d+) usec", text)
    if processed is None or stack is None or time is None:
        return None
    count, limit, total, peak = (int(number) for number in processed.groups())
    depths = tuple(int(number) for number in stack[1].split("+"))
    return Complexity(count, limit, depths, peak, total, int(time[1]))
