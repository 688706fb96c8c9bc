"""The pinned kernels of `kernels.toml`, read and written."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

PINS = Path(__file__).with_name("kernels.toml")

_SHAPES = {
    "series": re.compile(r"\d+\.\d+"),
    "suite": re.compile(r"[a-z][a-z0-9-]*"),
    "version": re.compile(r"[0-9][A-Za-z0-9.+:~-]*"),
}
_PACKAGE = re.compile(r"linux-[a-z0-9.+-]+")
_SHA256 = re.compile(r"[0-9a-f]{64}")


class PinError(Exception):
    """`kernels.toml` is not as it must be."""


@dataclass(frozen=True)
class Pin:
    """One kernel: `series` is how it is asked for, the rest is where Debian keeps it.

    `packages` maps the names of the packages that hold boot image and modules to their SHA-256.
    """

    series: str
    suite: str
    version: str
    packages: Mapping[str, str]


def read_pins(path: Path = PINS) -> tuple[Pin, ...]:
    """All pinned kernels, oldest first. Raises PinError where an entry is not of the expected shape."""
    entries = tomllib.loads(path.read_text())["kernel"]
    for entry in entries:
        for name, shape in _SHAPES.items():
            value = entry.get(name)
            if not isinstance(value, str) or not shape.fullmatch(value):
                raise PinError(f"{path}: {name} = {value!r} of kernel {entry.get('series')!r} is malformed")
        for package, digest in entry.get("packages", {}).items():
            if not _PACKAGE.fullmatch(package) or not _SHA256.fullmatch(str(digest)):
                raise PinError(f"{path}: package {package!r} = {digest!r} is malformed")
    pins = [
        Pin(entry["series"], entry["suite"], entry["version"], entry.get("packages", {})) for entry in entries
    ]
    return tuple(sorted(pins, key=lambda pin: [int(part) for part in pin.series.split(".")]))


def write_pins(pins: tuple[Pin, ...], path: Path = PINS) -> None:
    """Replace the entries; the comment at the head of the file stays."""
    head = "".join(f"{line}\n" for line in path.read_text().splitlines() if line.startswith("#"))
    path.write_text(head + "".join("\n" + _entry(pin) for pin in pins))


def _entry(pin: Pin) -> str:
    fields = "".join(f'{name} = "{getattr(pin, name)}"\n' for name in _SHAPES)
    packages = "".join(f'"{name}" = "{digest}"\n' for name, digest in pin.packages.items())
    return f"[[kernel]]\n{fields}[kernel.packages]\n{packages}"
