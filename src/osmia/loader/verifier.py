"""The verifier's log -> VerifierError: the source line at fault, the cause and the fix."""

from __future__ import annotations

import re
from collections.abc import Iterator

from osmia.dataclass import dataclass
from osmia.diagnostics import Span
from osmia.errors import VerifierError
from osmia.loader.instructions import CALL, POISONED_CALL, SIZE, unpack
from osmia.loader.specification import FunctionReference, ProgramSpec, SourceLine
from osmia.uapi import HELPERS
from osmia.uapi.helper_availability import AVAILABILITY


@dataclass(frozen=True)
class Cause:
    """A reason of the verifier, known by its words; `{0}` stands for what `pattern` captures."""

    pattern: re.Pattern[str]
    cause: str
    help: str


def _cause(pattern: str, cause: str, help: str) -> Cause:
    return Cause(re.compile(pattern), cause, help)


CAUSES = (
    _cause(
        r"invalid mem access '\w+_or_null(?:_)?'",
        "the result of a look-up is used although it may be None",
        "test it with `if value is not None:` before using it",
    ),
    _cause(
        r"invalid access to packet|offset is outside of the packet|math between pkt pointer and register",
        "the packet is read beyond the part whose length was checked",
        "read headers with `packet.read(...)` and use them only where the result is not None",
    ),
    _cause(
        r"combined stack size|stack depth \d+ exceeds"
        r"|invalid [\w -]*stack[\w ]* (?:R\d+ )?off=-(?:51[3-9]|5[2-9]\d|[6-9]\d\d|\d{4,})",
        "the local variables need more than the 512 bytes of stack that a program has",
        "keep large values in a PerCpuArray of one entry, or use smaller structs",
    ),
    _cause(
        r"BPF_(?:STX|XADD) uses reserved fields|BPF_ATOMIC uses invalid atomic opcode",
        "this kernel only adds atomically; to give the value before, and all else, needs Linux 5.12",
        "call `add` without using what it gives, or take a map with a value for each processor",
    ),
    _cause(
        r"infinite loop detected|back-edge from insn",
        "the verifier cannot see that a loop ends",
        "loop over `range()` with a constant bound and leave early with `break`",
    ),
    _cause(
        r"BPF program is too large|[Pp]rogram too large|jumps is too complex|too many states",
        "the program has more paths than the verifier is willing to follow",
        "take `for i in loop(n)` (Linux 5.17), make loops shorter, or branch less inside of them",
    ),
    _cause(
        r"invalid indirect (?:read|access)[^\n]*stack|invalid (?:indirect )?read from stack",
        "bytes of a local variable are passed on although they were never set",
        "set every field of the struct before passing it on",
    ),
    _cause(
        r"[Uu]nreleased reference|reference leak|has not been released",
        "something that was reserved or acquired is not given back on every path",
        "submit or discard it on every path, also before each `return`",
    ),
    _cause(
        r"cannot call GPL-restricted function|cannot call GPL[ -]only",
        "a helper is called that is only for programs under a GPL-compatible licence",
        'license the program so that GPL code may use it, for example "Dual MIT/GPL"',
    ),
    _cause(
        r"program of this type cannot use helper (?:bpf_)?(\w+)#\d+|unknown func (?:bpf_)?(\w+)#\d+"
        r"|helper call is not allowed",
        "helper {0} may not be called by a program of this type on this kernel",
        "call it in a program of another type, or leave it out where the kernel does not have it",
    ),
    _cause(
        r"invalid access to map value|R\d+ (?:max|min) value is outside of the allowed memory range"
        r"|R\d+ unbounded memory access|R\d+ min value is negative",
        "an index or a length is not known to stay inside the memory it is used on",
        "compare it with the size before, and use it only in that branch",
    ),
    _cause(
        r"dereference of modified ctx ptr|invalid bpf_context access",
        "a field of the context is read that programs of this type may not read, or not in this size",
        "use the attributes of the context type",
    ),
    _cause(
        r"write into map forbidden|cannot write into|R\d+ cannot write",
        "memory is written that is only readable",
        "write to a map or to a local variable instead",
    ),
    _cause(
        r"R\d+ invalid mem access '(?:scalar|inv)'",
        "a number is used as if it were a pointer",
        "read memory through a typed value, not through an address that was computed",
    ),
    _cause(
        r"R0 !read_ok|[Aa]t program exit the register R0|unknown scalar value[^\n]*R0",
        "the program ends without one of the values that its type may return",
        "return one of the verdicts of the program's type on every path",
    ),
    _cause(
        r"unreachable insn",
        "some instructions can never be reached",
        "remove the code behind the endless part",
    ),
)

_INVALID_HELPER = re.compile(r"invalid func \w+#(\d+)")
_NO_FUNCTION_ADDRESS = (
    "unrecognized bpf_ld_imm64 insn",
    "number of funcs in func_info doesn't match number of subprogs",
)
_HELPER_NAMES = {helper.id: name for name, helper in HELPERS.items()}
_INSTRUCTION = re.compile(r"^(\d+): \([0-9a-f]{2}\)")
_NAMED_INSTRUCTION = re.compile(r"\binsn (\d+)")
_STATISTICS = re.compile(r"^(?:processed \d+ insns|verification time|stack depth|peak_states|mark_read)")
_STATE = re.compile(
    r"^(?:\d+: |;|from \d+ to \d+|R\d+(?:_w)?=|func#|Func#|Validating|Live regs|arg#|frame\d|\s)"
)


def explain(program: ProgramSpec, log: str) -> VerifierError:
    """The error for a refused program, from its whole log."""
    messages = list(_messages(log))
    cause, help = _known(log, messages)
    index = failing_instruction(log)
    missing = None if index is None or str(POISONED_CALL) not in log else _missing(program, index)
    if missing is not None:
        cause, help = missing, "ask `field_exists` or `type_exists` first, and read it only then"
    helper = _missing_helper(program, log)
    if helper is not None:
        since = AVAILABILITY[helper].since
        cause = f"this kernel has no helper bpf_{helper}: it came with Linux {since}"
        help = "run it on a newer kernel, or leave the helper out where the kernel does not have it"
    span = None if index is None else span_of(program, index)
    return VerifierError(program.name, cause, help, log, span)


def _missing_helper(program: ProgramSpec, log: str) -> str | None:
    """The name of the helper that the kernel does not know at all."""
    found = _INVALID_HELPER.search(log)
    if found is not None:
        return _HELPER_NAMES.get(int(found[1]))
    if not any(words in log for words in _NO_FUNCTION_ADDRESS):
        return None
    # Before Linux 5.13 not even the address of a function that a helper shall call is taken.
    for function in program.functions:
        for reference in function.references:
            if isinstance(reference, FunctionReference) and reference.address:
                return _next_helper(function.instructions[reference.offset :])
    return None


def _next_helper(code: bytes) -> str | None:
    """The first helper that is called."""
    for offset in range(0, len(code), SIZE):
        instruction = unpack(code, offset)
        if instruction.code == CALL and instruction.source == 0:
            return _HELPER_NAMES.get(instruction.immediate)
    return None


def _messages(log: str) -> Iterator[str]:
    """The lines in which the verifier speaks, without instructions, register states and statistics."""
    for line in log.splitlines():
        text = line.strip()
        if text and not _STATISTICS.match(text) and not _STATE.match(line):
            yield text


def _known(log: str, messages: list[str]) -> tuple[str, str]:
    for text in [*reversed(messages), log]:
        for known in CAUSES:
            match = known.pattern.search(text)
            if match is not None:
                word = next((group for group in match.groups() if group), "that")
                return known.cause.format(word), known.help
    return (f"it says: {messages[-1]}" if messages else "it gives no reason"), ""


def failing_instruction(log: str) -> int | None:
    """The number of the instruction that the verifier looked at last, or that it names in its complaint."""
    last = None
    for line in log.splitlines():
        match = _INSTRUCTION.match(line)
        if match is not None:
            last = int(match[1])
    if last is None:
        named = _NAMED_INSTRUCTION.search(log)
        last = int(named[1]) if named else None
    return last


def _missing(program: ProgramSpec, index: int) -> str | None:
    """What the running kernel lacks, where relocation poisoned an instruction for it."""
    offset = index * SIZE
    for function in program.functions:
        if offset < len(function.instructions):
            return function.poisoned.get(offset)
        offset -= len(function.instructions)
    return None


def line_of(program: ProgramSpec, index: int) -> SourceLine | None:
    """The source line of an instruction, counted through the entry and all subprograms."""
    offset = index * SIZE
    for function in program.functions:
        if offset < len(function.instructions):
            before = [line for line in function.lines if line.offset <= offset and line.line > 0]
            return before[-1] if before else None
        offset -= len(function.instructions)
    return None


def span_of(program: ProgramSpec, index: int) -> Span | None:
    """Where an instruction stands in the source; to the end of its line, as BTF knows no end."""
    line = line_of(program, index)
    if line is None:
        return None
    indent = len(line.text) - len(line.text.lstrip())
    column = max(line.column - 1, indent)
    return Span(
        line.filename, line.line, column, line.line, max(len(line.text.rstrip()), column + 1), line.text
    )
