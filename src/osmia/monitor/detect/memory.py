"""The first contacts of sources on disk, so that a slow scan is found across a restart of the monitor."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

from osmia.errors import MalformedError
from osmia.monitor.addresses import address_from_text
from osmia.monitor.detect.alert import Address, Technique
from osmia.monitor.detect.sequential import FirstContacts, SequentialTest
from osmia.monitor.json_values import as_list, as_object

__all__ = ["load_walks", "save_walks"]

MAXIMUM_BYTES = 64 * 1024 * 1024
DAY_NS = 86_400_000_000_000


def save_walks(path: Path, walks: SequentialTest, clock_ns: int, wall: float) -> None:
    """Replace the file at once. `clock_ns` is the monitor's clock at `wall` (seconds since the epoch).

    Raises OSError.
    """
    entries = [_to_json(source, contacts, wall - clock_ns / 1e9) for source, contacts in walks.items()]
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(prefix=path.name, dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(entries, file)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def load_walks(path: Path, clock_ns: int, wall: float) -> dict[Address, FirstContacts]:
    """What was saved, at most a day old; nothing where there is no file. Raises MalformedError, OSError."""
    try:
        with path.open("rb") as file:
            content = file.read(MAXIMUM_BYTES + 1)
    except FileNotFoundError:
        return {}
    try:
        entries = as_list(json.loads(content)) if len(content) <= MAXIMUM_BYTES else None
        if entries is None:
            raise ValueError("it is no list, or too long")
        found = dict(_from_json(entry, wall - clock_ns / 1e9) for entry in entries)
    except (ValueError, TypeError, KeyError, RecursionError, OverflowError) as error:
        raise MalformedError("record of first contacts", f"{path}: {error}") from None
    return {source: walk for source, walk in found.items() if 0 <= clock_ns - walk.first_ns <= DAY_NS}


def _to_json(source: Address, contacts: FirstContacts, zero: float) -> dict[str, object]:
    techniques = dict(contacts.techniques)
    for technique, count in contacts.window_techniques.items():
        techniques[technique] = techniques.get(technique, 0) + count
    return {
        "source": str(source),
        "first": zero + contacts.first_ns / 1e9,
        "last": zero + contacts.last_ns / 1e9,
        "failed": hex(contacts.failed),
        "addresses": hex(contacts.addresses),
        "numbers": hex(contacts.numbers),
        "ratio": contacts.ratio,
        "probes": contacts.probes,
        "techniques": {technique.name: count for technique, count in techniques.items()},
    }


def _from_json(value: object, zero: float) -> tuple[Address, FirstContacts]:
    data = as_object(value) or {}
    techniques = as_object(data["techniques"]) or {}
    walk = FirstContacts(
        first_ns=round((_number(data["first"]) - zero) * 1e9),
        last_ns=round((_number(data["last"]) - zero) * 1e9),
        failed=int(str(data["failed"]), 16) & ((1 << 256) - 1),
        addresses=int(str(data["addresses"]), 16) & ((1 << 64) - 1),
        numbers=int(str(data["numbers"]), 16) & ((1 << 64) - 1),
        ratio=min(max(_number(data["ratio"]), -10.0), 1000.0),
        probes_before=int(_number(data["probes"])),
        techniques={Technique[name]: int(_number(count)) for name, count in techniques.items()},
    )
    return address_from_text(str(data["source"])), walk


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError(f"{str(value)[:40]!r} is no number")
    return float(value)
