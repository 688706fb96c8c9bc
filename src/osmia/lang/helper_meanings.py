"""What helpers do in plain Python: the kernel's arithmetic on packets, checksums, text and tasks."""

# pyright: reportPrivateUsage=false

from __future__ import annotations

import errno
import re
from collections.abc import Callable
from typing import Any

from osmia.errors import NotSupportedError
from osmia.lang.actions import TcAction, XdpAction
from osmia.lang.arrays import CharArray
from osmia.lang.contexts import TcContext, XdpContext
from osmia.lang.integers import Integer
from osmia.lang.memory import Aggregate, Buffer
from osmia.lang.runtime import current_context, current_runtime
from osmia.lang.socket_buffers import SkBuffContext

__all__ = ["meaning"]

_ETHERNET = 14
_MANGLED_ZERO = 0x20
_FIELD_SIZE = 0xF


def meaning(name: str, *arguments: Any) -> int:
    """The result of a helper; NotSupportedError where a simulation cannot know it."""
    found = _MEANINGS.get(name)
    if found is None:
        raise NotSupportedError(f"bpf_{name} in a simulation", "a kernel: load the program with osmia.load()")
    return found(*arguments)


def _raw(value: object) -> bytes:
    """The bytes of a buffer."""
    if value is None:
        return b""
    if isinstance(value, Integer):
        return value.to_bytes()
    if isinstance(value, Aggregate):
        return bytes(value._buffer[value._offset : value._offset + value.memory_size()])
    raise TypeError(f"expected a struct, an array or an integer, got {type(value).__name__}")


def _fill(target: object, data: bytes) -> None:
    """Write into a buffer, from its first byte on."""
    if not isinstance(target, Aggregate):
        raise TypeError(f"expected a struct or an array, got {type(target).__name__}")
    target._buffer[target._offset : target._offset + len(data)] = data


def _size(target: object) -> int:
    return len(_raw(target))


def _packet(ctx: object) -> Buffer:
    if isinstance(ctx, XdpContext | TcContext | SkBuffContext):
        return ctx._data
    raise TypeError(f"a {type(ctx).__name__} has no packet")


# packets


def _load_bytes(ctx: object, offset: int, to: object) -> int:
    """net/core/filter.c, bpf_skb_load_bytes: a buffer that cannot be filled is zeroed."""
    data, size = _packet(ctx), _size(to)
    if int(offset) + size > len(data):
        _fill(to, bytes(size))
        return -errno.EFAULT
    _fill(to, bytes(data[int(offset) : int(offset) + size]))
    return 0


def _xdp_load_bytes(ctx: object, offset: int, to: object) -> int:
    data, size = _packet(ctx), _size(to)
    if int(offset) + size > len(data):
        return -errno.EINVAL
    _fill(to, bytes(data[int(offset) : int(offset) + size]))
    return 0


def _load_relative(ctx: object, offset: int, to: object, start: int) -> int:
    if int(start) > 1:
        return -errno.EFAULT
    return _load_bytes(ctx, int(offset) + _ETHERNET * int(start), to)


def _store_bytes(refusal: int) -> Callable[..., int]:
    def store(ctx: object, offset: int, source: object, flags: int = 0) -> int:
        data, given = _packet(ctx), _raw(source)
        if int(flags) & ~3:
            return -errno.EINVAL
        if int(offset) + len(given) > len(data):
            return -refusal
        data[int(offset) : int(offset) + len(given)] = given
        return 0

    return store


def _pull_data(ctx: object, length: int) -> int:
    return -errno.ENOMEM if int(length) > len(_packet(ctx)) else 0


def _length(ctx: object) -> int:
    return len(_packet(ctx))


def _adjust_head(ctx: XdpContext, delta: int) -> int:
    return int(ctx.adjust_head(delta))


def _adjust_tail(ctx: XdpContext, delta: int) -> int:
    return int(ctx.adjust_tail(delta))


# checksums (RFC 1071, RFC 1624; include/net/checksum.h)


def _folded(total: int) -> int:
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total


def _sum(data: bytes, seed: int = 0) -> int:
    total = seed + sum(int.from_bytes(data[at : at + 4], "little") for at in range(0, len(data), 4))
    while total >> 32:
        total = (total & 0xFFFF_FFFF) + (total >> 32)
    return total


def _csum_diff(from_: object, to: object, seed: int) -> int:
    """net/core/filter.c, bpf_csum_diff as of Linux 6.13: the result is folded to 16 bits."""
    before, after = _raw(from_), _raw(to)
    if len(before) % 4 or len(after) % 4:
        return -errno.EINVAL
    if before and after:
        return _folded(_sum(after, int(seed)) + (~_sum(before) & 0xFFFF_FFFF))
    if before:
        return _folded(~_sum(before, ~int(seed) & 0xFFFF_FFFF) & 0xFFFF_FFFF)
    return _folded(_sum(after, int(seed)))


def _field(value: object, size: int) -> int:
    """The bytes of a field as the checksum takes them: as they lie in memory."""
    data = value.to_bytes() if isinstance(value, Integer) else int(str(value)).to_bytes(8, "little")
    return int.from_bytes(data, "little") & ((1 << 8 * size) - 1)


def _csum_replace(ctx: object, offset: int, from_: object, to: object, flags: int, *, transport: bool) -> int:
    """l3_csum_replace and l4_csum_replace: HC' = ~(~HC + ~m + m')."""
    size = int(flags) & _FIELD_SIZE
    allowed = 0x3F if transport else _FIELD_SIZE
    data, at = _packet(ctx), int(offset)
    if int(flags) & ~allowed or size not in (0, 2, 4):
        return -errno.EINVAL
    if at > 0xFFFF or at % 2 or at + 2 > len(data):
        return -errno.EFAULT
    old = int.from_bytes(data[at : at + 2], "little")
    if transport and int(flags) & _MANGLED_ZERO and not old:
        return 0
    if size == 0:
        if _field(from_, 8):
            return -errno.EINVAL
        total = (~old & 0xFFFF) + _field(to, 4)
    else:
        mask = (1 << 8 * size) - 1
        total = (~old & 0xFFFF) + (~_field(from_, size) & mask) + _field(to, size)
    new = ~_folded(total) & 0xFFFF
    if transport and int(flags) & _MANGLED_ZERO and not new:
        new = 0xFFFF
    data[at : at + 2] = new.to_bytes(2, "little")
    return 0


def _l3_csum_replace(ctx: object, offset: int, from_: object, to: object, size: int) -> int:
    return _csum_replace(ctx, offset, from_, to, size, transport=False)


def _l4_csum_replace(ctx: object, offset: int, from_: object, to: object, flags: int) -> int:
    return _csum_replace(ctx, offset, from_, to, flags, transport=True)


# tasks


def _task() -> Any:
    context: Any = current_context()
    if not hasattr(context, "tid"):
        raise NotSupportedError("the running task in a simulation of this program", "a tracing program")
    return context


def _pid_tgid() -> int:
    task = _task()
    return int(task.pid) << 32 | int(task.tid)


def _uid_gid() -> int:
    task = _task()
    return int(task.gid) << 32 | int(task.uid)


def _comm(buffer: object) -> int:
    size = _size(buffer)
    name = bytes(_task().comm).split(b"\0", 1)[0]
    _fill(buffer, name[: size - 1].ljust(size, b"\0"))
    return 0


def _probe_read(target: object, address: int) -> int:
    """mm/maccess.c: what cannot be read whole is zeroed."""
    size = _size(target)
    data = current_runtime().memory(int(address))
    _fill(target, data[:size] if len(data) >= size else bytes(size))
    return 0 if len(data) >= size else -errno.EFAULT


# text (kernel/bpf/helpers.c, __bpf_strtoull)


def _is_text(value: object) -> bool:
    return isinstance(value, CharArray)


def _strto(*, signed: bool) -> Callable[..., int]:
    def parse(text: object, flags: int, result: object) -> int:
        data = _raw(text).split(b"\0", 1)[0] if _is_text(text) else _raw(text)
        base = int(flags)
        if base not in (0, 8, 10, 16):
            return -errno.EINVAL
        match = re.match(rb"\s*(-?)", data)
        assert match is not None
        rest = data[match.end() :]
        if match[1] and not signed:
            return -errno.EINVAL
        prefix = re.match(rb"0[xX](?=[0-9a-fA-F])", rest)
        if base == 0:
            base = 16 if prefix else 8 if rest[:1] == b"0" else 10
        skipped = 2 if prefix and base == 16 else 0
        digits = {8: rb"[0-7]*", 10: rb"[0-9]*", 16: rb"[0-9a-fA-F]*"}[base]
        number = re.match(digits, rest[skipped:])
        assert number is not None
        if not number[0]:
            return -errno.EINVAL
        value = int(number[0], base) * (-1 if match[1] else 1)
        low, high = (-(1 << 63), (1 << 63) - 1) if signed else (0, (1 << 64) - 1)
        if not low <= value <= high:
            return -errno.ERANGE
        _fill(result, (value & ((1 << 64) - 1)).to_bytes(8, "little"))
        return match.end() + skipped + len(number[0])

    return parse


def _redirect(ifindex: int, flags: int) -> int:
    """The verdict that sends the packet elsewhere; where to is not simulated."""
    if isinstance(current_context(), XdpContext):
        return int(XdpAction.ABORTED if int(flags) else XdpAction.REDIRECT)
    return int(TcAction.SHOT if int(flags) & ~1 else TcAction.REDIRECT)


def _clock() -> int:
    return current_runtime().ktime_ns()


_MEANINGS: dict[str, Callable[..., int]] = {
    "ktime_get_boot_ns": _clock,
    "ktime_get_coarse_ns": _clock,
    "get_numa_node_id": lambda: 0,
    "get_current_pid_tgid": _pid_tgid,
    "get_current_uid_gid": _uid_gid,
    "get_current_comm": _comm,
    "probe_read_user": _probe_read,
    "probe_read_kernel": _probe_read,
    "skb_load_bytes": _load_bytes,
    "skb_load_bytes_relative": _load_relative,
    "skb_store_bytes": _store_bytes(errno.EFAULT),
    "skb_pull_data": _pull_data,
    "xdp_load_bytes": _xdp_load_bytes,
    "xdp_store_bytes": _store_bytes(errno.EINVAL),
    "xdp_get_buff_len": _length,
    "xdp_adjust_head": _adjust_head,
    "xdp_adjust_tail": _adjust_tail,
    "csum_diff": _csum_diff,
    "l3_csum_replace": _l3_csum_replace,
    "l4_csum_replace": _l4_csum_replace,
    "redirect": _redirect,
    "strtol": _strto(signed=True),
    "strtoul": _strto(signed=False),
}
