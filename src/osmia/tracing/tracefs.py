"""The tracepoints of this kernel, as tracefs lists them (Documentation/trace/events.rst)."""

from __future__ import annotations

import fnmatch
import re
from pathlib import Path

from osmia.errors import NotSupportedError, PermissionDeniedError, UsageError
from osmia.tracing.record_format import RecordFormat, parse_format

__all__ = ["TracepointCatalogue", "tracefs_root"]

_MOST_BYTES = 1 << 20
_NAME = re.compile(r"[\w*?-]+")


def tracefs_root() -> Path:
    """Where tracefs is mounted, or its older place in debugfs.

    Raises:
        NotSupportedError: it is not mounted.
    """
    places: dict[str, Path] = {}
    for line in Path("/proc/self/mounts").read_text().splitlines():
        fields = line.split(" ")
        if len(fields) > 2 and fields[2] in ("tracefs", "debugfs"):
            mount_point = Path(fields[1].encode().decode("unicode_escape"))
            places.setdefault(fields[2], mount_point if fields[2] == "tracefs" else mount_point / "tracing")
    root = places.get("tracefs") or places.get("debugfs")
    if root is None:
        raise NotSupportedError(
            "tracepoints by name", needs="tracefs: mount -t tracefs tracefs /sys/kernel/tracing"
        )
    return root


class TracepointCatalogue:
    """Names and records of tracepoints, below one mount of tracefs."""

    def __init__(self, root: Path) -> None:
        self._events = root / "events"

    def matching(self, category: str, name: str) -> list[tuple[str, str]]:
        """The tracepoints of a pattern, categories and names sorted; `*` and `?` stand for other characters.

        Raises:
            UsageError: it is no pattern of names.
            PermissionDeniedError: tracefs may not be read.
        """
        for part in (category, name):
            if not _NAME.fullmatch(part):
                raise UsageError(
                    f"{part!r} is no name of a tracepoint", "write tracepoint:sched:sched_switch"
                )
        found: list[tuple[str, str]] = []
        try:
            for folder in self._folders(self._events, category):
                found += [(folder.name, each.name) for each in self._folders(folder, name)]
        except PermissionError:
            raise PermissionDeniedError("read tracefs", ("CAP_DAC_READ_SEARCH",), "run it as root") from None
        except (FileNotFoundError, NotADirectoryError):
            return []
        return found

    def format(self, category: str, name: str) -> RecordFormat:
        """The record of a tracepoint.

        Raises:
            UsageError: there is no such tracepoint.
            PermissionDeniedError: tracefs may not be read.
            MalformedError: its format cannot be understood.
        """
        try:
            with (self._events / category / name / "format").open() as file:
                text = file.read(_MOST_BYTES + 1)
        except PermissionError:
            raise PermissionDeniedError("read tracefs", ("CAP_DAC_READ_SEARCH",), "run it as root") from None
        except (OSError, UnicodeDecodeError):
            help_text = f"osmia trace --list 'tracepoint:{category}:*' lists them"
            raise UsageError(f"there is no tracepoint {category}:{name}", help_text) from None
        return parse_format(text)

    def _folders(self, parent: Path, pattern: str) -> list[Path]:
        if "*" not in pattern and "?" not in pattern:
            only = parent / pattern
            return [only] if only.is_dir() else []
        names = (each for each in parent.iterdir() if fnmatch.fnmatchcase(each.name, pattern))
        return sorted(each for each in names if each.is_dir())
