"""The file in which rules wait for the next start of the monitor."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

from osmia.errors import MalformedError
from osmia.monitor.json_values import as_list
from osmia.monitor.lists.rules import Rule

__all__ = ["MAXIMUM_RULES", "list_file", "load_rules", "save_rules", "state_directory"]

MAXIMUM_RULES = 131_072
MAXIMUM_BYTES = 64 * 1024 * 1024


def state_directory(environment: dict[str, str] | None = None) -> Path:
    """Where the lists are kept: /var/lib/osmia for root, else the user's XDG state directory."""
    environment = dict(os.environ) if environment is None else environment
    if environment.get("OSMIA_STATE_DIRECTORY"):
        return Path(environment["OSMIA_STATE_DIRECTORY"])
    if os.geteuid() == 0:
        return Path("/var/lib/osmia")
    home = Path(environment.get("HOME", "/nonexistent"))
    return Path(environment.get("XDG_STATE_HOME") or home / ".local/state") / "osmia"


def list_file() -> Path:
    """The list file of this user."""
    return state_directory() / "lists.json"


def load_rules(path: Path) -> list[Rule]:
    """The rules of a list file, none where there is no file. Raises MalformedError and OSError."""
    try:
        with path.open("rb") as file:
            content = file.read(MAXIMUM_BYTES + 1)
    except FileNotFoundError:
        return []
    if len(content) > MAXIMUM_BYTES:
        raise MalformedError("list file", f"{path} has more than {MAXIMUM_BYTES} bytes")
    try:
        entries = as_list(json.loads(content))
    except (ValueError, RecursionError) as error:
        raise MalformedError("list file", f"{path} is no JSON: {error}") from None
    if entries is None or len(entries) > MAXIMUM_RULES:
        raise MalformedError("list file", f"{path} is no list of at most {MAXIMUM_RULES} rules")
    return [Rule.from_json(entry) for entry in entries]


def save_rules(path: Path, rules: Iterable[Rule]) -> None:
    """Replace the file at once, so that a crash leaves the old one. Raises OSError."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(prefix=path.name, dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump([rule.to_json() for rule in rules], file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
