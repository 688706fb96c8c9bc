"""Debian kernel packages, fetched and unpacked into a cache with a private apt configuration.

Nothing is installed and the machine's own apt state is not touched. Trust rests on apt: each index is checked
against Debian's archive keys, each package against its index; the pinned hash is checked on top.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.vm.pins import Pin, read_pins, write_pins

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
METAPACKAGE = "linux-image-cloud-amd64"


class FetchError(Exception):
    """A kernel package that cannot be had; the message says what to do."""


@dataclass(frozen=True)
class KernelFiles:
    """An unpacked kernel: its boot image and its module tree (`.../lib/modules/RELEASE`)."""

    pin: Pin
    image: Path
    modules: Path

    @property
    def release(self) -> str:
        """What `uname -r` prints on it."""
        return self.modules.name


def cache_directory() -> Path:
    """Where kernels and initial file systems are kept."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "osmia" / "vm"


def fetch_kernel(pin: Pin, *, strict: bool = False) -> KernelFiles:
    """The files of a pinned kernel, downloaded if they are not in the cache.

    Where the suite has moved on, today's version is taken and that is said; with `strict` it is an error.
    """
    cached = _unpacked(pin)
    if cached is not None:
        return cached
    apt = _Apt(pin.suite)
    offered = apt.newest(pin.series)
    if offered.version != pin.version:
        moved = f"{pin.suite} now has {offered.version} where {pin.version} is pinned"
        if strict:
            raise FetchError(f"kernel {pin.series}: {moved}; `make vm-pins` takes today's versions")
        print(f"kernel {pin.series}: {moved}; taking it (`make vm-pins` pins it)", file=sys.stderr)
        cached = _unpacked(offered)
        if cached is not None:
            return cached
    elif offered.packages != pin.packages:
        raise FetchError(
            f"kernel {pin.series}: Debian's index has {dict(offered.packages)} for {pin.version}, but"
            f" {dict(pin.packages)} is pinned; do not use it before you know why"
        )
    _unpack([apt.download(offered, name) for name in offered.packages], offered)
    files = _unpacked(offered)
    if files is None:
        raise FetchError(
            f"{', '.join(offered.packages)}: no boot image and module tree where Debian keeps them"
        )
    return files


def update_pins() -> None:
    """Write today's versions and hashes into `kernels.toml` and print what changed."""
    pins = read_pins()
    today = tuple(_Apt(pin.suite).newest(None) for pin in pins)
    for old, new in zip(pins, today, strict=True):
        same = "unchanged" if old == new else f"was {old.version}"
        print(f"{new.series} ({new.suite}): {new.version}, {same}")
    write_pins(today)


class _Apt:
    """apt with its configuration, lists and archives in a directory of its own, for one suite."""

    def __init__(self, suite: str) -> None:
        if not KEYRING.exists():
            raise FetchError(f"{KEYRING} is missing: apt-get install debian-archive-keyring")
        self._suite = suite
        self._root = cache_directory() / "apt" / suite
        for name in ("etc/apt.conf.d", "etc/preferences.d", "state/lists/partial", "cache/archives/partial"):
            (self._root / name).mkdir(parents=True, exist_ok=True)
        (self._root / "state" / "status").touch()
        source = f"deb [arch=amd64 signed-by={KEYRING}] {_mirror()} {suite} main\n"
        (self._root / "etc" / "sources.list").write_text(source)
        settings = {
            "Dir::Etc": self._root / "etc",
            "Dir::State": self._root / "state",
            "Dir::State::status": self._root / "state" / "status",
            "Dir::Cache": self._root / "cache",
            "APT::Architecture": "amd64",
            "APT::Sandbox::User": "root",
            "Acquire::Languages": "none",
            "Acquire::Check-Valid-Until": "false",  # an archived suite is not signed anew
            "Acquire::Retries": "3",
        }
        lines = "".join(f'{name} "{value}";\n' for name, value in settings.items())
        (self._root / "apt.conf").write_text(lines)
        self._run("apt-get", "-qq", "update")

    def newest(self, series: str | None) -> Pin:
        """What the suite's cloud kernel is today; its series is kept under the name `series`, if given."""
        depends = _field(self._run("apt-cache", "show", "--no-all-versions", METAPACKAGE), "Depends")
        match = re.search(r"(linux-image-[0-9][a-z0-9.+-]*) \(= ([^)]+)\)", depends)
        if match is None:
            raise FetchError(f"{self._suite}: {METAPACKAGE} names no kernel package: {depends}")
        image, version = match.groups()
        packages: dict[str, str] = {}
        wanted = [image]
        while wanted:
            package = wanted.pop()
            record = self._run("apt-cache", "show", f"{package}={version}")
            packages[package] = _field(record, "SHA256")
            # Since 7.x the image package is empty and depends on one with the image and one with the modules.
            needed = re.findall(
                r"(linux-(?:binary|modules)-[0-9][a-z0-9.+-]*) \(=", _field(record, "Depends")
            )
            wanted += [name for name in needed if name not in packages]
        return Pin(series or ".".join(version.split(".")[:2]), self._suite, version, packages)

    def download(self, pin: Pin, package: str) -> Path:
        """One package file, its hash checked."""
        folder = self._root / "packages" / package
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        self._run("apt-get", "-qq", "download", f"{package}={pin.version}", cwd=folder)
        (file,) = folder.iterdir()
        with file.open("rb") as content:
            digest = hashlib.file_digest(content, "sha256").hexdigest()
        if digest != pin.packages[package]:
            raise FetchError(f"{file.name}: hash {digest}, but {pin.packages[package]} was expected")
        return file

    def _run(self, *command: str, cwd: Path | None = None) -> str:
        environment = {**os.environ, "APT_CONFIG": str(self._root / "apt.conf"), "LC_ALL": "C"}
        result = subprocess.run(
            command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=600, check=False
        )
        if result.returncode != 0:
            raise FetchError(f"{' '.join(command)} for {self._suite} failed: {result.stderr.strip()}")
        return result.stdout


def _mirror() -> str:
    """The Debian mirror of this machine's own sources, or OSMIA_VM_MIRROR."""
    given = os.environ.get("OSMIA_VM_MIRROR")
    if given:
        return given
    query = ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages", "Label: Debian"]
    try:
        listed = subprocess.run(query, capture_output=True, text=True, check=True).stdout.split()
    except (OSError, subprocess.CalledProcessError) as error:
        raise FetchError(f"apt's sources cannot be read: {error}") from error
    if not listed:
        raise FetchError(
            "no Debian mirror in apt's sources: run `apt-get update`, or set OSMIA_VM_MIRROR to one"
        )
    return listed[0]


def _field(record: str, name: str) -> str:
    match = re.search(rf"^{name}: (.+)$", record, re.MULTILINE)
    if match is None:
        raise FetchError(f"apt's record has no field {name}")
    return match.group(1)


def _folder(pin: Pin) -> Path:
    digest = hashlib.sha256("".join(pin.packages.values()).encode()).hexdigest()
    return cache_directory() / "kernels" / f"{pin.version}-{digest[:16]}"


def _unpacked(pin: Pin) -> KernelFiles | None:
    """The files of a kernel that is in the cache."""
    folder = _folder(pin)
    trees = [*folder.glob("lib/modules/*"), *folder.glob("usr/lib/modules/*")]
    images = [*folder.glob("boot/vmlinuz-*"), *folder.glob("usr/lib/modules/*/vmlinuz")]
    return KernelFiles(pin, images[0], trees[0]) if trees and images else None


def _unpack(packages: list[Path], pin: Pin) -> None:
    """Unpack beside the final place, then rename: a kernel in the cache is always whole."""
    folder = _folder(pin)
    part = folder.with_suffix(".part")
    for old in (part, folder):
        shutil.rmtree(old, ignore_errors=True)
    part.mkdir(parents=True)
    for package in packages:
        subprocess.run(["dpkg", "-x", str(package), str(part)], check=True)
        package.unlink()
    part.rename(folder)


def pinned(series: str) -> Pin:
    """The pin of a series, or of "oldest" or "newest". Raises FetchError naming the ones that exist."""
    pins = read_pins()
    for pin in pins:
        if series in {pin.series, "oldest" if pin is pins[0] else "", "newest" if pin is pins[-1] else ""}:
            return pin
    raise FetchError(f"no kernel {series} in kernels.toml; it has {', '.join(pin.series for pin in pins)}")


if __name__ == "__main__":
    update_pins()
