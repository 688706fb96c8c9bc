"""The layout of a tracepoint's record, from its `format` file in tracefs (Documentation/trace/events.rst)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from osmia.errors import MalformedError

__all__ = ["RecordField", "RecordFormat", "parse_format"]

_LARGEST_FILE = 1 << 20
_MOST_FIELDS = 512
_LARGEST_RECORD = 8192
"""PERF_MAX_TRACE_SIZE: the kernel hands out no larger record."""

_FIELD = re.compile(
    r"\s*field:(?P<declaration>[^;]*);\s*offset:(?P<offset>\d{1,9});\s*size:(?P<size>\d{1,9});"
    r"(?:\s*signed:(?P<signed>[01]);)?\s*"
)
_DECLARATION = re.compile(r"(?P<type>.*?)(?P<name>[A-Za-z_]\w*)\s*(?P<array>\[[^\]]*\])?")


@dataclass(frozen=True)
class RecordField:
    """One field. Offset and size are in bytes; `c_type` is the declaration without name and length."""

    name: str
    c_type: str
    offset: int
    size: int
    signed: bool
    length: int | None = None
    """The number of elements where it is an array, else None."""

    @property
    def is_data_loc(self) -> bool:
        """Whether the field only says where in the record its bytes stand."""
        return self.c_type.startswith("__data_loc ")

    @property
    def is_text(self) -> bool:
        """Whether it holds, locates or points to text."""
        plain = self.c_type.removeprefix("__data_loc ").removeprefix("const ").replace(" __user", "")
        if self.is_data_loc:
            return plain == "char[]"
        return plain.replace(" ", "") == "char*" or (plain == "char" and self.length is not None)

    @property
    def is_pointer(self) -> bool:
        """Whether it is an address."""
        return self.c_type.endswith("*")

    @property
    def declaration(self) -> str:
        """As C declares it."""
        if self.is_data_loc:
            return f"{self.c_type.removeprefix('__data_loc ').removesuffix('[]')} {self.name}[]"
        return f"{self.c_type} {self.name}" + (f"[{self.length}]" if self.length is not None else "")


@dataclass(frozen=True)
class RecordFormat:
    """The fields of a tracepoint's record, by name."""

    fields: dict[str, RecordField]


def parse_format(text: str) -> RecordFormat:
    """Read a `format` file.

    Raises:
        MalformedError: a field's line is not as the kernel writes it, or a field reaches out of the record.
    """
    if len(text) > _LARGEST_FILE:
        raise MalformedError("tracepoint format", f"it has more than {_LARGEST_FILE} bytes")
    fields: dict[str, RecordField] = {}
    for number, line in enumerate(text.split("\n"), 1):
        if not line.lstrip().startswith("field:"):
            continue
        field = _parse_field(line, number)
        if field.name in fields:
            raise MalformedError("tracepoint format", f"line {number} has {field.name!r} a second time")
        fields[field.name] = field
        if len(fields) > _MOST_FIELDS:
            raise MalformedError("tracepoint format", f"it has more than {_MOST_FIELDS} fields")
    if not fields:
        raise MalformedError("tracepoint format", "it has no fields")
    return RecordFormat(fields)


def _parse_field(line: str, number: int) -> RecordField:
    found = _FIELD.fullmatch(line)
    declared = _DECLARATION.fullmatch(found["declaration"].strip()) if found is not None else None
    if found is None or declared is None or not declared["type"].strip():
        raise MalformedError("tracepoint format", f"line {number} is no field: {line.strip()[:80]!r}")
    offset, size = int(found["offset"]), int(found["size"])
    if offset + size > _LARGEST_RECORD:
        raise MalformedError("tracepoint format", f"line {number} reaches behind byte {_LARGEST_RECORD}")
    c_type, length = " ".join(declared["type"].split()), None
    if declared["array"] is not None and not c_type.endswith("[]"):
        length = _length(declared["array"], size, number)
    return RecordField(declared["name"], c_type, offset, size, found["signed"] == "1", length)


def _length(brackets: str, size: int, number: int) -> int:
    """The number of elements; a length that is no number is an enumerator of the kernel: its bytes count."""
    inside = brackets[1:-1].strip()
    if not re.fullmatch(r"\d{1,6}", inside):
        return size
    length = int(inside)
    if length == 0 or size % length:
        raise MalformedError("tracepoint format", f"line {number}: {size} bytes are no {length} elements")
    return length
