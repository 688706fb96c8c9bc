"""A helper that this kernel does not have, or not for this type of program: from the verifier's log."""

from __future__ import annotations

import re

from osmia.errors import NotSupportedError
from osmia.loader.instructions import POISONED_CALL
from osmia.loader.specification import ProgramSpec
from osmia.uapi import HELPERS
from osmia.uapi.helper_availability import AVAILABILITY

_REFUSED = re.compile(
    r"(?P<unknown>invalid func) \S*#(?P<number>\d+)"
    r"|(?:program of this type cannot use helper|unknown func) \S*#(?P<other>\d+)"
)
_NAMES = {helper.id: name for name, helper in HELPERS.items()}


def missing_helper(program: ProgramSpec, log: str) -> NotSupportedError | None:
    """The error for a helper that a newer kernel allows; None where that was not the verifier's reason."""
    matches = list(_REFUSED.finditer(log))
    if not matches:
        return None
    match = matches[-1]
    number = int(match["number"] or match["other"])
    if number == POISONED_CALL:
        # CO-RE put it there for a field that is missing: `verifier.explain` says which.
        return None
    name = _NAMES.get(number)
    if name is None:  # no helper is meant: the mark of a relocation that could not be done
        return None
    if match["unknown"]:
        since = AVAILABILITY[name].since
        return NotSupportedError(f"the helper bpf_{name}, which {program.name!r} calls,", f"Linux {since}")
    if program.type not in AVAILABILITY[name].program_types:
        return None
    return NotSupportedError(
        f"the helper bpf_{name} in programs of type {program.type.name}, as {program.name!r} is,",
        f"a newer kernel: it came with Linux {AVAILABILITY[name].since}, for other types of program",
    )
