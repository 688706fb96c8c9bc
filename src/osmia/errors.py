"""The exception tree. Every error that osmia raises on purpose is an `OsmiaError`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from osmia.dataclass import dataclass

if TYPE_CHECKING:
    from osmia.diagnostics import Diagnostic, Span

__all__ = [
    "AlreadyAttachedError",
    "CompileError",
    "InternalError",
    "KernelError",
    "MalformedError",
    "MapFullError",
    "NotSupportedError",
    "OsmiaError",
    "PermissionDeniedError",
    "UnknownInterfaceError",
    "UsageError",
    "VerifierError",
]


class OsmiaError(Exception):
    """Root of all errors that osmia raises on purpose."""


class CompileError(SyntaxError, OsmiaError):
    """A kernel function that cannot be compiled; carries every finding, the first one as the `SyntaxError`.

    `SyntaxError` makes the stock traceback print file, line and caret.
    """

    def __init__(self, diagnostics: tuple[Diagnostic, ...]) -> None:
        first = diagnostics[0]
        span = first.span
        super().__init__(
            f"{first.message} [{first.code}]",
            (span.filename, span.line, span.column + 1, span.text, span.end_line, span.end_column + 1),
        )
        self.diagnostics = diagnostics
        for note in first.notes:
            self.add_note(f"note: {note}")
        if first.help:
            self.add_note(f"help: {first.help}")


@dataclass
class InternalError(OsmiaError):
    """A fault of osmia itself. `stage` names the room, `detail` what it said."""

    stage: str
    detail: str

    def __str__(self) -> str:
        return f"this is a bug in osmia ({self.stage}), please report it: {self.detail}"


@dataclass
class MalformedError(OsmiaError):
    """Bytes from outside (ELF, BTF, pcap, configuration) that do not follow their format."""

    what: str
    """The kind of input: "ELF object", "BTF", "capture"."""
    reason: str
    offset: int | None = None
    """Byte offset of the fault, where it is known."""

    def __str__(self) -> str:
        where = "" if self.offset is None else f" at byte {self.offset}"
        return f"malformed {self.what}{where}: {self.reason}"


@dataclass
class UsageError(OsmiaError):
    """A call that cannot be meant: the message says what is wrong, `help` what to write instead."""

    message: str
    help: str = ""

    def __str__(self) -> str:
        return f"{self.message}; {self.help}" if self.help else self.message


@dataclass
class NotSupportedError(OsmiaError):
    """This kernel or machine lacks a feature. `needs` names the kernel version or option that has it."""

    feature: str
    needs: str = ""

    def __str__(self) -> str:
        return f"{self.feature} is not supported here" + (f": it needs {self.needs}" if self.needs else "")


@dataclass
class PermissionDeniedError(OsmiaError):
    """The process may not do this. `missing` are capability names, `help` says how to give them."""

    action: str
    missing: tuple[str, ...] = ()
    help: str = ""

    def __str__(self) -> str:
        lacks = f": missing {', '.join(self.missing)}" if self.missing else ""
        return f"not permitted to {self.action}{lacks}" + (f"; {self.help}" if self.help else "")


@dataclass
class UnknownInterfaceError(OsmiaError):
    """No network interface of that name. `known` are the names that exist."""

    name: str
    known: tuple[str, ...]

    def __str__(self) -> str:
        return f"no network interface {self.name!r}; this machine has: {', '.join(self.known)}"


@dataclass
class AlreadyAttachedError(OsmiaError):
    """Another program holds the hook; `program_name` and `program_id` name it where the kernel tells."""

    hook: str
    program_name: str = ""
    program_id: int = 0

    def __str__(self) -> str:
        holder = (
            f"program {self.program_name!r} (id {self.program_id})" if self.program_id else "another program"
        )
        return f"{self.hook} is already taken by {holder}; detach that one, or end the process that holds it"


class KernelError(OsmiaError, OSError):
    """A system call that failed; `errno` is set, `strerror` says what was tried."""


class MapFullError(OsmiaError, OSError):
    """An insertion into a map that has no room left (E2BIG); `strerror` names the map and its max_entries."""


@dataclass
class VerifierError(OsmiaError):
    """The kernel's verifier refused a program."""

    program: str
    cause: str
    """One sentence: what the verifier found."""
    help: str
    """One sentence: what to write instead; empty when the cause is not a known one."""
    log: str
    """The verifier's whole log."""
    span: Span | None = None
    """The source line at fault, where line information exists."""

    def __str__(self) -> str:
        lines = [f"the verifier refused {self.program!r}: {self.cause}"]
        if self.span is not None:
            lines.append(self.span.quote())
        if self.help:
            lines.append(f"help: {self.help}")
        lines.append(f"({self.log.count(chr(10))} lines of log left out; see .log)")
        return "\n".join(lines)
