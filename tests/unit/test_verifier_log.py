"""The verifier's log: the instruction at fault, its line, the cause; logs as several kernels write them."""

from __future__ import annotations

import pytest

from osmia.loader import FunctionSpec, ProgramSpec, SourceLine
from osmia.loader.verifier import CAUSES, explain, failing_instruction, span_of
from osmia.uapi import ProgramType

LINES = (
    SourceLine(0, "prog.py", 10, 5, "    packet = ctx.packet()"),
    SourceLine(8, "prog.py", 0, 0, ""),
    SourceLine(16, "prog.py", 11, 12, "    return value.count"),
)
SUBPROGRAM = FunctionSpec("inner", bytes(16), lines=(SourceLine(0, "other.py", 3, 0, "\treturn 1"),))
PROGRAM = ProgramSpec(
    "entry", ProgramType.XDP, "xdp", FunctionSpec("entry", bytes(32), lines=LINES), subprograms=(SUBPROGRAM,)
)

# Sentences of the verifier between Linux 5.10 and 7.2, each with a word of its cause.
SENTENCES = [
    ("R0 invalid mem access 'map_value_or_null'", "may be None"),
    ("R6 invalid mem access 'mem_or_null'", "may be None"),
    ("R6 invalid mem access 'ringbuf_mem_or_null'", "may be None"),
    ("invalid access to packet, off=4 size=1, R2(id=0,off=4,r=4)", "packet is read beyond"),
    ("R2 offset is outside of the packet", "packet is read beyond"),
    (
        "math between pkt pointer and register with unbounded min value is not allowed",
        "packet is read beyond",
    ),
    ("combined stack size of 2 calls is 544. Too large", "512 bytes of stack"),
    ("invalid write to stack R10 off=-520 size=8", "512 bytes of stack"),
    ("invalid stack off=-520 size=8", "512 bytes of stack"),
    ("infinite loop detected at insn 4", "a loop ends"),
    ("back-edge from insn 5 to 3", "a loop ends"),
    ("BPF program is too large. Processed 1000001 insn", "more paths"),
    ("The sequence of 8193 jumps is too complex.", "more paths"),
    ("invalid indirect read from stack R2 off -8+4 size 8", "never set"),
    ("invalid read from stack off -8+4 size 8", "never set"),
    ("Unreleased reference id=2 alloc_insn=5", "not given back"),
    ("BPF_EXIT instruction in main prog would lead to reference leak", "not given back"),
    ("cannot call GPL-restricted function from non-GPL compatible program", "GPL"),
    ("unknown func bpf_probe_read#4", "helper probe_read"),
    ("program of this type cannot use helper bpf_skb_vlan_pop#19", "helper skb_vlan_pop"),
    ("invalid access to map value, value_size=8 off=8 size=8", "stay inside"),
    ("R2 min value is negative, either use unsigned or 'var &= const'", "stay inside"),
    ("invalid bpf_context access off=6 size=2", "field of the context"),
    ("dereference of modified ctx ptr R1 off=12 disallowed", "field of the context"),
    ("R1 invalid mem access 'inv'", "a number is used"),
    ("R0 !read_ok", "without one of the values"),
    ("unreachable insn 4", "never be reached"),
]
LOG = """0: R1=ctx(off=0,imm=0) R10=fp0
; packet = ctx.packet() @ prog.py:10
0: (61) r2 = *(u32 *)(r1 +0)          ; R1_w=ctx() R2_w=pkt(r=0)
from 1 to 3: R1=ctx() R10=fp0
; return value.count @ prog.py:11
3: (79) r0 = *(u64 *)(r0 +0)
{}
processed 7 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0
"""


@pytest.mark.parametrize(("sentence", "cause"), SENTENCES, ids=[sentence for sentence, _ in SENTENCES])
def test_cause_is_known(sentence: str, cause: str) -> None:
    error = explain(PROGRAM, LOG.format(sentence))
    assert cause in error.cause
    assert error.help
    assert error.span is not None
    assert (error.span.filename, error.span.line) == ("prog.py", 11)
    assert "return value.count" in str(error)


def test_cause_is_found_where_other_lines_follow() -> None:
    """Linux 7.3 writes more below the sentence."""
    log = LOG.format("R0 invalid mem access 'map_value_or_null'") + "Reason: ...\nSuggestion: ...\n"
    error = explain(PROGRAM, log)
    assert "may be None" in error.cause
    assert error.span is not None
    assert error.span.line == 11


def test_unknown_sentence_is_quoted() -> None:
    error = explain(PROGRAM, LOG.format("R7 is a banana"))
    assert error.cause == "it says: R7 is a banana"
    assert error.help == ""


@pytest.mark.parametrize("log", ["", "processed 0 insns\n"])
def test_silent_log(log: str) -> None:
    error = explain(PROGRAM, log)
    assert error.cause == "it gives no reason"
    assert error.span is None


@pytest.mark.parametrize(
    ("log", "index"),
    [
        (LOG.format("x"), 3),
        ("back-edge from insn 5 to 3\n", 5),
        ("unreachable insn 2\nprocessed 0 insns\n", 2),
        ("nothing\n", None),
    ],
)
def test_failing_instruction(log: str, index: int | None) -> None:
    assert failing_instruction(log) == index


@pytest.mark.parametrize(
    ("index", "place"),
    [
        (0, ("prog.py", 10, 4)),
        (1, ("prog.py", 10, 4)),
        (3, ("prog.py", 11, 11)),
        (4, ("other.py", 3, 1)),
        (9, None),
    ],
)
def test_instruction_leads_to_its_line(index: int, place: tuple[str, int, int] | None) -> None:
    span = span_of(PROGRAM, index)
    assert (None if span is None else (span.filename, span.line, span.column)) == place


def test_caret_goes_to_the_end_of_the_line() -> None:
    span = span_of(PROGRAM, 3)
    assert span is not None
    assert span.quote().splitlines()[1:] == ["    return value.count", "           ^^^^^^^^^^^"]


def test_every_cause_has_a_fix() -> None:
    for known in CAUSES:
        assert known.cause
        assert known.help
        assert not known.cause.endswith(".")
