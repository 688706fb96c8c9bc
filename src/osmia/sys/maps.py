"""System calls on maps."""

from __future__ import annotations

import ctypes
import errno

from osmia.dataclass import dataclass
from osmia.errors import KernelError
from osmia.sys.syscall import Syscall, address_of, name_bytes, syscall
from osmia.uapi import records
from osmia.uapi.constants import Command, MapType


@dataclass(frozen=True)
class Batch:
    """Part of a map's contents: `count` keys and values, one after the other.

    `cursor` is where the next batch starts; None at the end of the map.
    """

    keys: bytes
    values: bytes
    count: int
    cursor: bytes | None


def bpf(command: Command, attributes: ctypes.Structure, action: str) -> int:
    """One system call, with the record of its command."""
    return syscall(Syscall.BPF, action, command, ctypes.addressof(attributes), ctypes.sizeof(attributes))


class MapCalls:
    """bpf(2) as far as it works on maps."""

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
        """Create a map and return its file descriptor."""
        attributes = records.MapCreate(
            map_type=type,
            key_size=key_size,
            value_size=value_size,
            max_entries=max_entries,
            map_flags=flags,
            inner_map_fd=inner_map_fd,
            map_name=name_bytes(name),
            btf_fd=btf_fd,
            btf_key_type_id=key_type_id,
            btf_value_type_id=value_type_id,
        )
        return bpf(Command.MAP_CREATE, attributes, f"create map {name!r}")

    def map_lookup(self, fd: int, key: bytes | None, value_size: int, flags: int = 0) -> bytes | None:
        """The value under a key, or None where there is none."""
        value = bytearray(value_size)
        target = (ctypes.c_char * value_size).from_buffer(value)
        attributes = records.MapElement(
            map_fd=fd, key=address_of(key), value=ctypes.addressof(target), flags=flags
        )
        try:
            bpf(Command.MAP_LOOKUP_ELEM, attributes, "look up a map entry")
        except KernelError as error:
            if error.errno == errno.ENOENT:
                return None
            raise
        return bytes(value)

    def map_take(self, fd: int, key: bytes | None, value_size: int) -> bytes | None:
        """Look a value up and delete it (queues and stacks since Linux 4.20, hash maps since 5.14)."""
        value = bytearray(value_size)
        target = (ctypes.c_char * value_size).from_buffer(value)
        attributes = records.MapElement(map_fd=fd, key=address_of(key), value=ctypes.addressof(target))
        try:
            bpf(Command.MAP_LOOKUP_AND_DELETE_ELEM, attributes, "take a map entry")
        except KernelError as error:
            if error.errno == errno.ENOENT:
                return None
            raise
        return bytes(value)

    def map_holds(self, fd: int, value: bytes) -> bool:
        """Whether a Bloom filter may hold a value (Linux 5.16)."""
        attributes = records.MapElement(map_fd=fd, value=address_of(value))
        try:
            bpf(Command.MAP_LOOKUP_ELEM, attributes, "ask a Bloom filter")
        except KernelError as error:
            if error.errno == errno.ENOENT:
                return False
            raise
        return True

    def map_update(self, fd: int, key: bytes | None, value: bytes, flags: int = 0) -> None:
        """Set the value under a key."""
        attributes = records.MapElement(map_fd=fd, key=address_of(key), value=address_of(value), flags=flags)
        bpf(Command.MAP_UPDATE_ELEM, attributes, "update a map entry")

    def map_delete(self, fd: int, key: bytes) -> bool:
        """Delete a key; False where it was not there."""
        attributes = records.MapElement(map_fd=fd, key=address_of(key))
        try:
            bpf(Command.MAP_DELETE_ELEM, attributes, "delete a map entry")
        except KernelError as error:
            if error.errno == errno.ENOENT:
                return False
            raise
        return True

    def map_next_key(self, fd: int, key: bytes | None, key_size: int) -> bytes | None:
        """The key after `key` in the kernel's order (the first one for None), or None at the end."""
        following = bytearray(key_size)
        target = (ctypes.c_char * key_size).from_buffer(following)
        attributes = records.MapElement(map_fd=fd, key=address_of(key), next_key=ctypes.addressof(target))
        try:
            bpf(Command.MAP_GET_NEXT_KEY, attributes, "walk through a map")
        except KernelError as error:
            if error.errno == errno.ENOENT:
                return None
            raise
        return bytes(following)

    def map_lookup_batch(
        self, fd: int, cursor: bytes | None, count: int, key_size: int, value_size: int, flags: int = 0
    ) -> Batch:
        """Up to `count` entries from `cursor` on (Linux 5.6).

        Raises:
            KernelError: ENOSPC where a hash bucket holds more than `count` entries; EINVAL, or EOPNOTSUPP
                and ENOTSUPP (524), where the kernel or this map type has no batches.
        """
        keys = bytearray(max(key_size * count, 1))
        values = bytearray(max(value_size * count, 1))
        # A hash map's cursor is a 32 bit bucket number, whatever the size of its keys.
        following = bytearray(max(key_size, 4))
        targets = [(ctypes.c_char * len(part)).from_buffer(part) for part in (keys, values, following)]
        attributes = records.MapBatch(
            map_fd=fd,
            in_batch=address_of(cursor),
            out_batch=ctypes.addressof(targets[2]),
            keys=ctypes.addressof(targets[0]),
            values=ctypes.addressof(targets[1]),
            count=count,
            elem_flags=flags,
        )
        ended = False
        try:
            bpf(Command.MAP_LOOKUP_BATCH, attributes, "read a map by batch")
        except KernelError as error:
            if error.errno != errno.ENOENT:
                raise
            ended = True
        found = min(attributes.count, count)
        return Batch(
            bytes(keys[: found * key_size]),
            bytes(values[: found * value_size]),
            found,
            None if ended else bytes(following),
        )

    def map_update_batch(self, fd: int, keys: bytes, values: bytes, count: int, flags: int = 0) -> int:
        """Set many entries at once (Linux 5.6); returns how many were set."""
        attributes = records.MapBatch(
            map_fd=fd, keys=address_of(keys), values=address_of(values), count=count, elem_flags=flags
        )
        bpf(Command.MAP_UPDATE_BATCH, attributes, "update a map by batch")
        return attributes.count

    def map_delete_batch(self, fd: int, keys: bytes, count: int) -> int:
        """Delete many keys at once (Linux 5.6) up to the first missing one; returns how many went."""
        attributes = records.MapBatch(map_fd=fd, keys=address_of(keys), count=count)
        try:
            bpf(Command.MAP_DELETE_BATCH, attributes, "delete map entries by batch")
        except KernelError as error:
            if error.errno != errno.ENOENT:
                raise
        return attributes.count

    def map_freeze(self, fd: int) -> None:
        """Make a map read-only for user space (Linux 5.2)."""
        bpf(Command.MAP_FREEZE, records.MapElement(map_fd=fd), "freeze a map")

    def map_info(self, fd: int) -> records.MapInfo:
        """What the kernel knows of a map."""
        info = records.MapInfo()
        object_info(fd, info, "map")
        return info


def object_info(fd: int, info: ctypes.Structure, what: str) -> None:
    """BPF_OBJ_GET_INFO_BY_FD into a record."""
    attributes = records.ObjectInfo(bpf_fd=fd, info_len=ctypes.sizeof(info), info=ctypes.addressof(info))
    bpf(Command.OBJ_GET_INFO_BY_FD, attributes, f"read {what} information")
