"""A tracepoint's format, as tracefs shows it -> the source of its context class."""

from __future__ import annotations

import re
from dataclasses import dataclass

from osmia.cli.generate.names import OF_CONTEXTS, class_name, field_name, imports
from osmia.errors import MalformedError

_LINE = re.compile(r"\s*field:(?P<text>[^;]+);\s*offset:(\d+);\s*size:(\d+);(?:\s*signed:(\d);)?")
_NAME = re.compile(r"(?P<type>.*?)\s*\b(?P<name>\w+)(?:\[(?P<count>[^\]]*)\])?$")
_MOST_FIELDS = 128
_LARGEST_TEXT = 64
"""Bytes that a text is given; change it where it is too short or too long."""
_BYTE_ORDERED = {"__be16": "be16", "__be32": "be32", "__be64": "be64"}


@dataclass(frozen=True)
class RecordField:
    """A field of a record; `type` is the C text of its type, without an array's length."""

    name: str
    type: str
    offset: int
    size: int
    signed: bool
    count: int | None = None
    """Elements of an array, None where it is none."""


def record_fields(text: str) -> tuple[RecordField, ...]:
    """The fields of a format, without those that all tracepoints have.

    Raises:
        MalformedError: a line that cannot be read.
    """
    found: list[RecordField] = []
    for line in text.splitlines():
        if "field:" not in line:
            continue
        match = _LINE.match(line)
        named = _NAME.match(match["text"].strip()) if match is not None else None
        if match is None or named is None or len(found) >= _MOST_FIELDS:
            raise MalformedError("tracepoint format", f"the line {line.strip()!r}")
        offset, size, signed = int(match[2]), int(match[3]), match[4] == "1"
        if named["name"].startswith("common_"):
            continue
        length = named["count"]
        count = None
        if length is not None and "__data_loc" not in named["type"]:
            # Where the length is a name of the kernel's source, the size tells.
            count = int(length) if length.isdigit() else size
        found.append(RecordField(named["name"], named["type"].strip(), offset, size, signed, count))
    return tuple(found)


def tracepoint_source(category: str, name: str, text: str) -> str:
    """The module's text."""
    used = {"TracepointContext"}
    lines: list[str] = []
    taken: set[str] = set(OF_CONTEXTS)
    for each in record_fields(text):
        value = _value(each, used)
        if value is None:
            lines.append(f"    # {each.name}: left out, its type {each.type!r} has no counterpart")
            continue
        attribute = field_name(each.name, taken)
        taken.add(attribute)
        lines.append(f"    {attribute} = {value}")
    literal = ["from typing import Literal", ""] if "Literal" in used else []
    head = [
        f'"""The tracepoint {category}/{name}, written by `osmia generate tracepoint`."""',
        "",
        "from __future__ import annotations",
        "",
        *literal,
        imports("osmia", used - {"Literal"}),
    ]
    body = [
        "",
        "",
        f"class {class_name(name)}(TracepointContext):",
        f'    """The record of {category}/{name}: `@tracepoint("{category}", "{name}")`."""',
        *(["", *lines] if lines else []),
    ]
    return "\n".join([*head, *body]) + "\n"


def _value(field: RecordField, used: set[str]) -> str | None:
    """The descriptor of a field; None where there is none for it."""
    if "__data_loc" in field.type:
        if "char" not in field.type:
            return None
        used |= {"CharArray", "Literal", "TracepointText"}
        return f"TracepointText(CharArray[Literal[{_LARGEST_TEXT}]], {field.offset})"
    if "__rel_loc" in field.type:
        return None
    if field.count is None:
        kind = _integer(field.type, field.size, signed=field.signed)
    elif field.count < 1 or field.size % field.count:
        return None
    else:
        element = _integer(field.type, field.size // field.count, signed=field.signed)
        kind = None if element is None else f"Array[{element}, Literal[{field.count}]]"
        if re.fullmatch(r"(?:const )?char", field.type):
            kind = f"CharArray[Literal[{field.count}]]"
    if kind is None:
        return None
    used |= {"TracepointField", *re.findall(r"\w*[A-Za-z]\w*", kind)}
    used.discard("bool")
    return f"TracepointField({kind}, {field.offset})"


def _integer(text: str, size: int, *, signed: bool) -> str | None:
    word = text.removeprefix("const ").strip()
    if word in _BYTE_ORDERED:
        return _BYTE_ORDERED[word]
    if size not in (1, 2, 4, 8):
        return None
    return f"{'i' if signed else 'u'}{8 * size}"
