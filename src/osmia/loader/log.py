"""Log messages of kernel code: records of a ring buffer, made text with the object's table of messages.

A record is the message's number (u64) and each value in 8 bytes, structs and arrays rounded up to a
multiple of 8. The table is JSON in the section `.osmia.log`.
"""

from __future__ import annotations

import ipaddress
import json
from typing import Any, cast

from osmia.dataclass import dataclass
from osmia.errors import MalformedError

SECTION = ".osmia.log"
MAP = "osmia_log"
LEVEL = "osmia_log_level"
"""A configuration constant, u32: the least level that programs send."""
_WORD = 8


@dataclass(frozen=True)
class LogMessage:
    """One message as it arrived. `level` is one of the `logging` module."""

    level: int
    filename: str
    line: int
    function: str
    text: str


class LogDecoder:
    """Turns records into messages, by one object's table.

    Raises:
        MalformedError: the table does not follow its form.
    """

    def __init__(self, table: bytes) -> None:
        try:
            rows = json.loads(table)
            self._rows = [_Row(row) for row in rows]
        except (ValueError, KeyError, TypeError) as error:
            raise MalformedError("log table", str(error)) from None

    def decode(self, record: bytes) -> LogMessage:
        """The message of a record; MalformedError for a record that the table does not explain."""
        number = int.from_bytes(record[:_WORD], "little")
        if len(record) < _WORD or number >= len(self._rows):
            raise MalformedError("log record", f"message {number} of {len(self._rows)}")
        return self._rows[number].message(record)


class _Row:
    """One message of the table."""

    def __init__(self, row: dict[str, Any]) -> None:
        self._level = int(row["level"])
        self._filename = str(row["filename"])
        self._line = int(row["line"])
        self._function = str(row["function"])
        self._parts: list[str | _Value] = [
            part if isinstance(part, str) else _Value(part) for part in cast("list[Any]", row["parts"])
        ]

    def message(self, record: bytes) -> LogMessage:
        texts: list[str] = []
        position = _WORD
        for part in self._parts:
            if isinstance(part, str):
                texts.append(part)
                continue
            if position + part.room > len(record):
                raise MalformedError("log record", "it ends inside a value", position)
            texts.append(part.text(record[position : position + part.room]))
            position += part.room
        return LogMessage(self._level, self._filename, self._line, self._function, "".join(texts))


class _Value:
    """How one value of a message prints itself."""

    def __init__(self, row: dict[str, Any]) -> None:
        self._kind = str(row["kind"])
        self._size = int(row["size"])
        self._big_endian = bool(row["big_endian"])
        self._names = {int(number): str(name) for number, name in row["names"]}
        self._format = str(row["format"])
        self.room = (self._size + _WORD - 1) // _WORD * _WORD

    def text(self, data: bytes) -> str:
        value = self._value(data)
        try:
            return format(value, self._format) if isinstance(value, int) else format(str(value), self._format)
        except ValueError:
            return str(value)

    def _value(self, data: bytes) -> object:
        raw = data[: self._size]
        match self._kind:
            case "ipv6":
                return ipaddress.IPv6Address(raw)
            case "mac":
                return raw.hex(":")
            case "text":
                return raw.split(b"\0", 1)[0].decode(errors="replace")
            case _:
                order = "big" if self._big_endian else "little"
                number = int.from_bytes(raw, order, signed=self._kind == "signed")  # type: ignore[arg-type]
        if self._kind == "ipv4":
            return ipaddress.IPv4Address(number)
        if self._kind == "bool":
            return str(number != 0)
        return self._names.get(number, number)
