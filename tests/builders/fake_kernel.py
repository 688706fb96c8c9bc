"""A kernel without a kernel: maps are dictionaries, programs are kept as they were given."""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass, field

from osmia.errors import KernelError
from osmia.sys import Batch, Capability, Kernel, ProgramImage, XdpState
from osmia.uapi import AttachType, MapType, UpdateFlags
from osmia.uapi.records import LinkInfo, ProgramInfo

_ARRAYS = (MapType.ARRAY, MapType.PERCPU_ARRAY)
_ALL = frozenset(Capability)


@dataclass
class FakeMap:
    """A map's sizes and entries, in order of insertion."""

    type: int
    key_size: int
    value_size: int
    max_entries: int
    flags: int
    typed: bool
    entries: dict[bytes, bytes] = field(default_factory=dict[bytes, bytes])
    frozen: bool = False


@dataclass
class FakeKernel(Kernel):
    """Answers as the kernel does, as far as the loader's tests ask.

    `refuse` maps a method's name to the errors of its next calls, None for a call that is let through.
    `log` is what the verifier writes when it refuses.
    """

    held: frozenset[Capability] = _ALL
    refuse: dict[str, list[int | None]] = field(default_factory=dict[str, list[int | None]])
    interfaces: dict[str, int] = field(default_factory=lambda: {"lo": 1, "eth0": 2})
    xdp: dict[int, XdpState] = field(default_factory=dict[int, XdpState])
    cpus: int = 4
    log: str = ""
    btf: bytes | None = None
    """The kernel's own types; `module_btf` has those of its modules by name."""
    module_btf: dict[str, bytes] = field(default_factory=dict[str, bytes])
    has_batches: bool = True
    delete_during_walk: bool = False
    open: dict[int, object] = field(default_factory=dict[int, object])
    calls: list[str] = field(default_factory=list[str])
    _next: int = 1000

    def _call(self, name: str) -> None:
        self.calls.append(name)
        waiting = self.refuse.get(name, [])
        error = waiting.pop(0) if waiting else None
        if error is not None:
            raise KernelError(error, f"{name}: {os.strerror(error)}")

    def _open(self, thing: object) -> int:
        self._next += 1
        self.open[self._next] = thing
        return self._next

    def map_of(self, fd: int) -> FakeMap:
        found = self.open[fd]
        assert isinstance(found, FakeMap)
        return found

    def close(self, fd: int) -> None:
        del self.open[fd]

    def capabilities(self) -> frozenset[Capability]:
        return self.held

    def possible_cpus(self) -> tuple[int, ...]:
        return tuple(range(self.cpus))

    def page_size(self) -> int:
        return 4096

    def raise_memory_lock_limit(self) -> None:
        self.calls.append("raise_memory_lock_limit")

    def interface_index(self, name: str) -> int | None:
        return self.interfaces.get(name)

    def interface_names(self) -> tuple[str, ...]:
        return tuple(self.interfaces)

    def xdp_state(self, index: int) -> XdpState:
        return self.xdp.get(index, XdpState())

    def kernel_btf_data(self, module: str = "vmlinux") -> bytes | None:
        return self.btf if module == "vmlinux" else self.module_btf.get(module)

    def modules_with_btf(self) -> tuple[str, ...]:
        return tuple(self.module_btf)

    def btf_load(self, data: bytes, log: bytearray | None = None) -> int:
        self._call("btf_load")
        return self._open(data)

    def map_create(
        self,
        type: MapType | int,
        key_size: int,
        value_size: int,
        max_entries: int,
        *,
        flags: int = 0,
        name: str = "",
        btf_fd: int = 0,
        key_type_id: int = 0,
        value_type_id: int = 0,
        inner_map_fd: int = 0,
    ) -> int:
        self._call("map_create")
        made = FakeMap(int(type), key_size, value_size, max_entries, flags, btf_fd > 0)
        if type in _ARRAYS:
            stride = value_size if type == MapType.ARRAY else ((value_size + 7) & ~7) * self.cpus
            made.entries = {index.to_bytes(4, "little"): bytes(stride) for index in range(max_entries)}
        return self._open(made)

    def map_lookup(self, fd: int, key: bytes | None, value_size: int, flags: int = 0) -> bytes | None:
        assert key is not None
        self._call("map_lookup")
        return self.map_of(fd).entries.get(key)

    def map_update(self, fd: int, key: bytes | None, value: bytes, flags: int = 0) -> None:
        self._call("map_update")
        found = self.map_of(fd)
        if key is None or found.frozen:
            raise KernelError(errno.EPERM, "frozen")
        if flags == UpdateFlags.NOEXIST and key in found.entries:
            raise KernelError(errno.EEXIST, "exists")
        if key not in found.entries and len(found.entries) >= found.max_entries:
            raise KernelError(errno.E2BIG, "full")
        found.entries[key] = value

    def map_delete(self, fd: int, key: bytes) -> bool:
        self._call("map_delete")
        return self.map_of(fd).entries.pop(key, None) is not None

    def map_next_key(self, fd: int, key: bytes | None, key_size: int) -> bytes | None:
        self._call("map_next_key")
        found = self.map_of(fd)
        keys = list(found.entries)
        position = keys.index(key) + 1 if key in keys else 0
        following = keys[position] if position < len(keys) else None
        if self.delete_during_walk and following is not None:
            # A program deletes the key and inserts another one: the walk starts again, for ever.
            found.entries[os.urandom(key_size)] = found.entries.pop(following)
        return following

    def map_lookup_batch(
        self, fd: int, cursor: bytes | None, count: int, key_size: int, value_size: int, flags: int = 0
    ) -> Batch:
        self._call("map_lookup_batch")
        if not self.has_batches:
            raise KernelError(errno.EINVAL, "no batches")
        entries = list(self.map_of(fd).entries.items())
        start = int.from_bytes(cursor or b"", "little")
        part = entries[start : start + count]
        end = start + len(part)
        return Batch(
            b"".join(key for key, _ in part),
            b"".join(value for _, value in part),
            len(part),
            None if end >= len(entries) else end.to_bytes(4, "little"),
        )

    def map_update_batch(self, fd: int, keys: bytes, values: bytes, count: int, flags: int = 0) -> int:
        self._call("map_update_batch")
        if not self.has_batches:
            raise KernelError(errno.EOPNOTSUPP, "no batches")
        found = self.map_of(fd)
        value_size = len(values) // count
        for number in range(count):
            key = keys[number * found.key_size : (number + 1) * found.key_size]
            self.map_update(fd, key, values[number * value_size : (number + 1) * value_size])
        return count

    def map_delete_batch(self, fd: int, keys: bytes, count: int) -> int:
        self._call("map_delete_batch")
        if not self.has_batches:
            raise KernelError(errno.EOPNOTSUPP, "no batches")
        found = self.map_of(fd)
        for number in range(count):
            key = keys[number * found.key_size : (number + 1) * found.key_size]
            if found.entries.pop(key, None) is None:
                return number
        return count

    def map_freeze(self, fd: int) -> None:
        self._call("map_freeze")
        self.map_of(fd).frozen = True

    def program_load(self, image: ProgramImage, log: bytearray | None = None, log_level: int = 1) -> int:
        try:
            self._call("program_load")
        except KernelError:
            if log:
                text = self.log.encode()[: len(log) - 1]
                log[: len(text) + 1] = text + b"\0"
            raise
        return self._open(image)

    def program_info(self, fd: int) -> ProgramInfo:
        image = self.open[fd]
        assert isinstance(image, ProgramImage)
        return ProgramInfo(id=fd, name=image.name.encode()[:15])

    def fd_by_id(self, kind: str, id: int) -> int:
        self._call("fd_by_id")
        return self._open(ProgramImage(0, "holder", b"", ""))  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]

    def link_create(
        self, program_fd: int, target: int, attach_type: AttachType, flags: int = 0, *, cookie: int = 0
    ) -> int:
        self._call("link_create")
        return self._open(("link", program_fd, target, attach_type, flags))

    def link_info(self, fd: int) -> LinkInfo:
        link = self.open[fd]
        assert isinstance(link, tuple)
        return LinkInfo(id=fd, prog_id=link[1])

    def link_detach(self, fd: int) -> None:
        self._call("link_detach")

    def program_query(self, target: int, attach_type: AttachType) -> tuple[int, ...]:
        self._call("program_query")
        raise KernelError(errno.ENODEV, "no such interface")
