"""The archive that a kernel unpacks as its first root file system.

Format: "newc" of the kernel's Documentation/driver-api/early-userspace/buffer-format.rst. Several archives
may follow each other in one file.
"""

from __future__ import annotations

import stat
from pathlib import PurePosixPath


class Archive:
    """A cpio archive in memory. Parent folders come by themselves; a second file of a name is left out."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._names: set[str] = set()

    def folder(self, path: PurePosixPath) -> None:
        """Add a directory and its parents."""
        if str(path) in self._names or path == PurePosixPath("/"):
            return
        self.folder(path.parent)
        self._add(path, stat.S_IFDIR | 0o755, b"")

    def file(self, path: PurePosixPath, data: bytes, *, executable: bool = False) -> None:
        """Add a regular file."""
        if str(path) in self._names:
            return
        self.folder(path.parent)
        self._add(path, stat.S_IFREG | (0o755 if executable else 0o644), data)

    def symlink(self, path: PurePosixPath, target: str) -> None:
        """Add a symbolic link."""
        self.folder(path.parent)
        self._add(path, stat.S_IFLNK | 0o777, target.encode())

    def character_device(self, path: PurePosixPath, major: int, minor: int) -> None:
        """Add a character device node."""
        self.folder(path.parent)
        self._add(path, stat.S_IFCHR | 0o600, b"", (major, minor))

    def to_bytes(self) -> bytes:
        """The whole archive with its trailer, padded to 512 bytes."""
        archive = b"".join([*self._parts, _entry("TRAILER!!!", 0, 0, b"", (0, 0))])
        return archive + bytes(-len(archive) % 512)

    def _add(self, path: PurePosixPath, mode: int, data: bytes, device: tuple[int, int] = (0, 0)) -> None:
        self._names.add(str(path))
        self._parts.append(_entry(str(path).lstrip("/"), len(self._names), mode, data, device))


def _entry(name: str, inode: int, mode: int, data: bytes, device: tuple[int, int]) -> bytes:
    encoded = name.encode() + b"\0"
    fields = (inode, mode, 0, 0, 1, 0, len(data), 0, 0, *device, len(encoded), 0)
    header = b"070701" + b"".join(b"%08X" % field for field in fields) + encoded
    return header + bytes(-len(header) % 4) + data + bytes(-len(data) % 4)
