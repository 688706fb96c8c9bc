"""Timers in the values of maps: a function of the program runs later, with the entry that holds the timer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from osmia.lang.integers import u64
from osmia.lang.memory import Aggregate, fields_of
from osmia.lang.runtime import current_runtime
from osmia.uapi import MapType

if TYPE_CHECKING:
    from osmia.lang.timer_callbacks import TimerCallback

__all__ = ["Timer", "timers_allowed"]

_TIMED_MAPS = frozenset({MapType.HASH, MapType.LRU_HASH, MapType.ARRAY})
"""Maps whose values may hold a timer (kernel/bpf/syscall.c, map_check_btf)."""


class Timer(Aggregate):
    """`struct bpf_timer` (Linux 5.15): a field of the struct that is a map's value.

    It runs a function of the program after some time, on the processor that started it, with the key and the
    value of its entry. Deleting or replacing the entry cancels it, and so does the end of the map's last
    user. A value has one timer, in a `HashMap`, `LruHashMap` or `ArrayMap`; kprobes, tracepoints and perf
    events can use none.

        @struct
        class Session:
            packets: u64
            timer: Timer = Timer()

        sessions = HashMap(u32, Session, max_entries=1024)

        @timer_callback(sessions)
        def expire(address: u32, session: Session) -> None:
            del sessions[address]

        session.timer.start(30_000_000_000, expire)
    """

    __slots__ = ()

    def __init__(self) -> None:
        self._buffer = bytearray(16)
        self._offset = 0

    @classmethod
    def memory_size(cls) -> int:
        return 16

    @classmethod
    def memory_alignment(cls) -> int:
        return 8

    @classmethod
    def _padding(cls) -> tuple[tuple[int, int], ...]:
        # The kernel shows nobody what it keeps here.
        return ((0, 16),)

    def start(self, nanoseconds: u64 | int, callback: TimerCallback[Any, Any]) -> bool:
        """Call `callback` once, that long from now; a timer that runs already starts anew.

        The callback may start its timer again, so that it runs periodically. False where the kernel has no
        memory for it, or where no user holds the map any more (bpf_timer_init, bpf_timer_start).
        """
        return current_runtime().start_timer(self._buffer, self._offset, int(u64(nanoseconds)), callback)

    def cancel(self) -> bool:
        """Stop it; whether it was running. In the timer's own callback it is not (bpf_timer_cancel)."""
        return current_runtime().cancel_timer(self._buffer, self._offset)

    def __repr__(self) -> str:
        return "Timer()"


def timers_allowed(map_type: MapType, value_type: type[Any] | None) -> bool:
    """Whether the kernel takes the timers in a map's values: one at most, a field of the value itself."""
    timers = fields_of(value_type, Timer)
    return timers == 0 or (timers == 1 and map_type in _TIMED_MAPS)
