"""One configuration out of flags, environment and file; all faults of it are told at once."""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, cast

from osmia.errors import MalformedError
from osmia.monitor.configuration.settings import SETTINGS, Setting
from osmia.monitor.json_values import as_object

__all__ = ["Configuration", "configuration_path", "default_configuration", "load_configuration"]

T = TypeVar("T")

SYSTEM_FILE = Path("/etc/osmia/monitor.toml")
MAXIMUM_BYTES = 1024 * 1024


@dataclass(frozen=True)
class Configuration:
    """A value for each setting, and where it comes from."""

    path: Path | None
    """The file, None where there is none."""
    values: Mapping[str, object]
    origins: Mapping[str, str]
    """Of the values that are not the default: "file", a variable's name, "command line"."""

    def __getitem__(self, setting: Setting[T]) -> T:
        return cast("T", self.values[setting.key])

    def text(self) -> str:
        """As TOML that gives the same configuration, with where each value comes from."""
        lines = [f"# file: {self.path or 'none'}"]
        table = ""
        for setting in SETTINGS:
            prefix, _, name = setting.key.rpartition(".")
            if prefix != table:
                table = prefix
                lines += ["", f"[{table}]"]
            value = setting.kind.to_toml(self[setting])
            lines.append(f"{name} = {value}  # {self.origins.get(setting.key, 'default')}")
        return "\n".join(lines)

    def changes_that_need_a_restart(self, new: Configuration) -> tuple[str, ...]:
        """The keys that differ in `new` and are read at the start only."""
        return tuple(setting.key for setting in SETTINGS if setting.restart and self[setting] != new[setting])


def default_configuration() -> Configuration:
    """Neither file nor environment."""
    return Configuration(None, {setting.key: setting.default for setting in SETTINGS}, {})


def configuration_path(given: Path | None, environment: Mapping[str, str]) -> Path | None:
    """The file as given, OSMIA_CONFIG, the user's, the machine's; None where there is none."""
    if given is not None:
        return given
    if environment.get("OSMIA_CONFIG"):
        return Path(environment["OSMIA_CONFIG"])
    folder = environment.get("XDG_CONFIG_HOME") or Path(environment.get("HOME", "/nonexistent"), ".config")
    own = Path(folder, "osmia/monitor.toml")
    return next((path for path in (own, SYSTEM_FILE) if path.is_file()), None)


def load_configuration(
    given: Path | None = None,
    flags: Mapping[Setting[Any], object] | None = None,
    environment: Mapping[str, str] | None = None,
) -> Configuration:
    """Flags over environment (OSMIA_…) over file over defaults; a flag that is None was not given.

    Raises MalformedError with all faults, and OSError for a file that cannot be read.
    """
    environment = os.environ if environment is None else environment
    path = configuration_path(given, environment)
    values: dict[str, object] = {setting.key: setting.default for setting in SETTINGS}
    origins: dict[str, str] = {}
    faults: list[str] = []
    if path is not None:
        in_file = dict(_flattened(_parsed(path)))
        faults += [f"{path}: {_unknown(key)}" for key in in_file if key not in values]
        for setting in SETTINGS:
            if setting.key in in_file:
                try:
                    values[setting.key] = setting.kind.from_toml(in_file[setting.key])
                    origins[setting.key] = "file"
                except ValueError:
                    faults.append(f"{path}: {_wrong(setting, setting.key, in_file[setting.key])}")
    for setting in SETTINGS:
        variable = environment.get(setting.variable)
        if variable:
            try:
                values[setting.key] = setting.kind.from_text(variable)
                origins[setting.key] = setting.variable
            except ValueError:
                faults.append(f"environment: {_wrong(setting, setting.variable, variable)}")
    if faults:
        raise MalformedError("configuration", "\n".join(faults))
    for setting, value in (flags or {}).items():
        if value is not None:
            values[setting.key] = value
            origins[setting.key] = "command line"
    return Configuration(path, values, origins)


def _parsed(path: Path) -> dict[str, object]:
    with path.open("rb") as file:
        content = file.read(MAXIMUM_BYTES + 1)
    if len(content) > MAXIMUM_BYTES:
        raise MalformedError("configuration", f"{path} has more than {MAXIMUM_BYTES} bytes")
    try:
        return tomllib.loads(content.decode())
    except (ValueError, RecursionError) as error:
        raise MalformedError("configuration", f"{path}: {error}") from None


def _flattened(table: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, object]]:
    """Values by their dotted key; tables are at most one deep."""
    for name, value in table.items():
        inner = as_object(value)
        if inner and not prefix:
            yield from _flattened(inner, f"{name}.")
        elif inner != {}:
            yield prefix + name, value


def _unknown(key: str) -> str:
    near = difflib.get_close_matches(key, [setting.key for setting in SETTINGS], 1, 0.5)
    return f"unknown key {key[:80]!r}" + (f"; did you mean {near[0]!r}?" if near else "")


def _wrong(setting: Setting[Any], name: str, value: object) -> str:
    return f"{name} is {str(value)[:60]!r}, and {setting.kind.name} is wanted"
