"""The simulated kernel: clock, processors, randomness, configuration, log and maps of one simulation."""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Mapping
from typing import Any, cast

from osmia.errors import UsageError
from osmia.lang import (
    ArrayMap,
    ArrayOfMaps,
    BloomFilter,
    Constant,
    Global,
    HistogramMap,
    LocalStorage,
    LpmTrie,
    LruHashMap,
    LruPerCpuHashMap,
    Map,
    PerCpuArray,
    PerfEventArray,
    Program,
    ProgramArray,
    Queue,
    RingBuf,
    Stack,
    StackTrace,
    TimerCallback,
    u32,
)
from osmia.lang.memory import Buffer
from osmia.lang.runtime import enter_runtime, leave_runtime
from osmia.simulator.events import PERF_BUFFER_BYTES, EventStorage
from osmia.simulator.keyless_storage import BloomStorage, QueueStorage
from osmia.simulator.storage import ArrayStorage, EntryStorage, HashStorage, TrieStorage
from osmia.simulator.timers import Timers

__all__ = ["SimulatedKernel"]

_NO_LIMIT = 1 << 32

_logger = logging.getLogger("osmia.kernel")


class SimulatedKernel:
    """What programs find when they run as plain Python: the same at each run, nothing of the machine."""

    def __init__(
        self, constants: Mapping[Constant[Any], Any] | None = None, *, processors: int = 4, seed: int = 0
    ) -> None:
        """`processors` is the number of simulated processors, `seed` that of the random numbers."""
        if processors < 1:
            raise UsageError(f"a machine has at least one processor, not {processors}")
        self._clock_ns = 1_000_000_000
        self.tick_ns = 1_000
        """How far the clock moves on each time that a program reads it; 0 lets it stand."""
        self.processor_count = processors
        """Number of processors."""
        self.texts: dict[int, bytes] = {}
        """What programs find at addresses of user and kernel memory; settable. All else cannot be read."""
        self.lock = threading.RLock()
        """Held while a program runs and while user space reaches into a map."""
        self._processor = 0
        self._random = random.Random(seed)  # noqa: S311 - the kernel's own is not for secrets either
        self._constants = dict(constants or {})
        self._programs: dict[ProgramArray[Any], dict[int, Program[Any, Any]]] = {}
        self._variables: dict[Global[Any], bytearray] = {}
        self._timers = Timers()
        self._inner: list[tuple[Map, object]] = []
        self._storages: dict[Map, EntryStorage | EventStorage] = {}

    @property
    def clock_ns(self) -> int:
        """Nanoseconds since boot, as programs will read them next.

        Set forward, it runs the timers that come due on the way, each at its time. Timers run at no other
        moment: what a program reads of the clock moves it on, but is no interrupt.
        """
        return self._clock_ns

    @clock_ns.setter
    def clock_ns(self, now: int) -> None:
        with self.lock:
            token = enter_runtime(self)
            try:
                while (timer := self._timers.take_due(now)) is not None:
                    self._clock_ns = max(self._clock_ns, timer.due)
                    timer.fire()
                    self.check_released()
            finally:
                leave_runtime(token)
            self._clock_ns = now

    @property
    def processor(self) -> int:
        """The processor on which programs run; settable, from 0 to `processor_count` - 1."""
        return self._processor

    @processor.setter
    def processor(self, number: int) -> None:
        if not 0 <= number < self.processor_count:
            raise UsageError(
                f"there is no processor {number}", f"this machine has 0 to {self.processor_count - 1}"
            )
        self._processor = number

    def storage(self, declaration: Map) -> EntryStorage | EventStorage:
        """The entries of a declared map, made at first use."""
        storage = self._storages.get(declaration)
        if storage is None:
            with self.lock:
                storage = self._storages.setdefault(declaration, self._make_storage(declaration))
        return storage

    def entries(self, declaration: Map) -> EntryStorage:
        """The entries of a map with keys."""
        storage = self.storage(declaration)
        if not isinstance(storage, EntryStorage):
            raise UsageError(f"{declaration} has no entries")
        return storage

    def events(self, declaration: Map) -> EventStorage:
        """The events of a ring buffer or perf event array."""
        storage = self.storage(declaration)
        if not isinstance(storage, EventStorage):
            raise UsageError(f"{declaration} has no events")
        return storage

    def check_released(self) -> None:
        """At the end of a run; UsageError where the program kept what it reserved in a ring buffer."""
        for storage in self._storages.values():
            if isinstance(storage, EventStorage):
                storage.check_released()

    def programs(self, declaration: ProgramArray[Any]) -> dict[int, Program[Any, Any]]:
        """The programs of a program array, by index."""
        return self._programs.setdefault(declaration, dict(declaration.programs))

    def program(self, declaration: Map, index: int) -> Program[Any, Any] | None:
        """The program at an index of a program array."""
        return self.programs(cast("ProgramArray[Any]", declaration)).get(index)

    def inner_map(self, number: u32) -> Map:
        """The map of a number that stands in a map of maps."""
        return self._inner[int(number) - 1][0]

    def inner_handle(self, number: int) -> object:
        """The handle of such a map."""
        return self._inner[number - 1][1]

    def inner_number(self, handle: object) -> int | None:
        """The number of the map that a handle is of; None where it is no such map."""
        found = (number for number, (_, known) in enumerate(self._inner, 1) if known is handle)
        return next(found, None)

    def keep_inner(self, declaration: Map, handle: object) -> None:
        """Give a map a number, so that it can stand in a map of maps."""
        with self.lock:
            self._inner.append((declaration, handle))

    def constant(self, declaration: object) -> object:
        """The value that was set, or the default."""
        constant = cast("Constant[Any]", declaration)
        return self._constants.get(constant, constant.default)

    def variable(self, declaration: object) -> bytearray:
        """The memory of a global variable, made at first use."""
        variable = cast("Global[Any]", declaration)
        with self.lock:
            return self._variables.setdefault(variable, bytearray(variable.contents))

    def ktime_ns(self) -> int:
        """The clock, which then moves on by `tick_ns`."""
        now = self._clock_ns
        self._clock_ns = now + self.tick_ns
        return now

    def processor_id(self) -> int:
        """The processor on which the program runs."""
        return self._processor

    def random_u32(self) -> int:
        """The next number of the seeded sequence."""
        return self._random.getrandbits(32)

    def memory(self, address: int) -> bytes:
        """What `texts` has at that address."""
        return self.texts.get(address, b"")

    def start_timer(
        self, place: Buffer, offset: int, nanoseconds: int, callback: TimerCallback[Any, Any]
    ) -> bool:
        """It fires when `clock_ns` is set that far; never at once, so that a callback can start it again."""
        due = self._clock_ns + max(nanoseconds, 1)
        self._timers.start(due, place, offset, callback, self.entries(callback.map))
        return True

    def cancel_timer(self, place: Buffer, offset: int) -> bool:
        """Whether it was running."""
        return self._timers.cancel(place, offset)

    def log(self, level: int, message: str) -> None:
        """Messages arrive in `logging`, under "osmia.kernel"."""
        _logger.log(level, "%s", message)

    def close(self) -> None:
        """End all event readers."""
        for storage in self._storages.values():
            if isinstance(storage, EventStorage):
                storage.close()

    def _make_storage(self, declaration: Map) -> EntryStorage | EventStorage:
        processors = self if declaration.per_cpu else None
        size, limit = declaration.value_size, declaration.max_entries
        if isinstance(declaration, RingBuf):
            return EventStorage(limit, None)
        if isinstance(declaration, PerfEventArray):
            return EventStorage(PERF_BUFFER_BYTES, self)
        if isinstance(declaration, LpmTrie):
            return TrieStorage(size, limit, declaration.key_size - 4)
        if isinstance(declaration, StackTrace):
            return HashStorage(size, declaration.places, None, evicts=False)
        if isinstance(declaration, (ArrayMap, PerCpuArray, ArrayOfMaps)) or _is_single_histogram(declaration):
            return ArrayStorage(size, limit, processors)
        if isinstance(declaration, Queue):
            return QueueStorage(size, limit, last_first=isinstance(declaration, Stack))
        if isinstance(declaration, BloomFilter):
            return BloomStorage(size, limit)
        if isinstance(declaration, LocalStorage):
            return HashStorage(size, _NO_LIMIT, None, evicts=False)
        evicts = isinstance(declaration, (LruHashMap, LruPerCpuHashMap))
        return HashStorage(size, limit, processors, evicts=evicts)


def _is_single_histogram(declaration: Map) -> bool:
    """Whether it is a histogram without keys, whose counters are an array."""
    return isinstance(declaration, HistogramMap) and declaration.given_key is None
