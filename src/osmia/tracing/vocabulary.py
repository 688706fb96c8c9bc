"""The names that expressions can use at a probe: what every probe knows, and the probe's own arguments."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from osmia.tracing.probes import Probe, ProbeKind
from osmia.tracing.record_format import RecordField
from osmia.tracing.terms import Integers, Kind, Number, Text, Truth

__all__ = ["Meaning", "Vocabulary", "vocabulary"]

_ADDRESS = Number(signed=False, is_address=True)
_KPROBE_ARGUMENTS = 6
_RAW_ARGUMENTS = 12
_LARGEST_ARRAY = 128
"""Bytes of an array that is read onto the stack."""

_NARROW = {
    "int": "i32",
    "pid_t": "i32",
    "key_serial_t": "i32",
    "clockid_t": "i32",
    "const clockid_t": "i32",
    "mqd_t": "i32",
    "timer_t": "i32",
    "rwf_t": "i32",
    "__s32": "i32",
    "unsigned": "u32",
    "unsigned int": "u32",
    "u32": "u32",
    "__u32": "u32",
    "uint32_t": "u32",
    "uid_t": "u32",
    "gid_t": "u32",
    "qid_t": "u32",
    "umode_t": "u16",
}
"""Types of system calls' arguments: the record has whole registers, whose upper half may be anything."""


@dataclass(frozen=True)
class Meaning:
    """A name: the variable that holds it in the program, the source that gives it, and what it is."""

    variable: str
    source: str
    kind: Kind


@dataclass(frozen=True)
class Vocabulary:
    """The names at one probe."""

    names: dict[str, Meaning]
    """What every probe has."""
    fields: dict[str, Meaning]
    """What this one hands out; written `args.NAME`, or `NAME` where no other name is that."""
    unusable: frozenset[str]
    """Fields that are no integers and no text."""

    def find(self, name: str) -> Meaning | None:
        """What a plain name stands for."""
        return self.names.get(name) or self.fields.get(name)


def vocabulary(probe: Probe, *, elapsed: bool) -> Vocabulary:
    """The names at a probe; `elapsed` where a start is known."""
    names = {
        "pid": Meaning("pid", "i64(ctx.pid)", Number()),
        "tid": Meaning("tid", "i64(ctx.tid)", Number()),
        "uid": Meaning("uid", "i64(ctx.uid)", Number()),
        "gid": Meaning("gid", "i64(ctx.gid)", Number()),
        "comm": Meaning("comm", "ctx.comm", Text(16)),
        "cpu": Meaning("cpu", "i64(get_smp_processor_id())", Number()),
        "nsecs": Meaning("nsecs", "ktime_get_ns()", Number(signed=False)),
    }
    if elapsed:
        names["elapsed"] = Meaning("elapsed", "ktime_get_ns() - start.value", Number(signed=False))
    if probe.kind is ProbeKind.KRETPROBE:
        names["retval"] = Meaning("retval", "i64(ctx.return_value)", Number())
    count = {ProbeKind.RAW_TRACEPOINT: _RAW_ARGUMENTS, ProbeKind.KPROBE: _KPROBE_ARGUMENTS}.get(probe.kind, 0)
    for index in range(count):
        names[f"arg{index}"] = Meaning(f"arg{index}", f"ctx.arg({index})", Number(signed=False))
    if probe.record is None:
        return Vocabulary(names, {}, frozenset())
    fields = dict(_fields(probe))
    return Vocabulary(names, fields, frozenset(probe.record.fields.keys() - fields.keys()))


def _fields(probe: Probe) -> Iterator[tuple[str, Meaning]]:
    assert probe.record is not None
    for field in probe.record.fields.values():
        meaning = _meaning(field, in_user_memory=probe.category == "syscalls")
        if meaning is not None:
            yield field.name, Meaning(f"args_{field.name}", *meaning)


def _meaning(field: RecordField, *, in_user_memory: bool) -> tuple[str, Kind] | None:
    if field.is_data_loc:
        return (f"ctx.read_data_loc(Text, {field.offset})", Text(None)) if field.is_text else None
    if field.length is not None:
        return _array(field)
    if field.size not in (1, 2, 4, 8) or field.offset % field.size:
        return None
    if field.is_text:
        helper = "probe_read_user_str" if in_user_memory else "probe_read_kernel_str"
        return f"{helper}(Text, ctx.read(u64, {field.offset}))", Text(None)
    if field.is_pointer:
        return f"ctx.read(u64, {field.offset})", _ADDRESS
    if field.c_type == "bool":
        return f"ctx.read(u8, {field.offset}) != 0", Truth()
    return _integer(field)


def _integer(field: RecordField) -> tuple[str, Kind]:
    read = f"ctx.read({_type_name(field.signed, field.size)}, {field.offset})"
    narrow = _NARROW.get(field.c_type) if field.size == 8 else None
    if narrow is not None:
        return f"i64({narrow}({read}))", Number()
    if field.size == 8:
        return read, Number(signed=field.signed)
    return f"i64({read})", Number()


def _array(field: RecordField) -> tuple[str, Kind] | None:
    if not field.length or not 0 < field.size <= _LARGEST_ARRAY:
        return None
    if field.is_text:
        text = Text(field.size)
        return f"ctx.read({text.type_name}, {field.offset})", text
    width = field.size // field.length
    if width not in (1, 2, 4, 8) or field.offset % width:
        return None
    array = f"Array[{_type_name(field.signed, width)}, Literal[{field.length}]]"
    element = Number(signed=field.signed or width < 8)
    return f"ctx.read({array}, {field.offset})", Integers(field.length, element, array)


def _type_name(signed: bool, size: int) -> str:
    return f"{'i' if signed else 'u'}{size * 8}"
