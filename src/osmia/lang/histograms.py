"""Histograms as kernel functions see them: `m.record(value)` counts a value in its bucket."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Generic, ParamSpec, TypeVar, cast, overload

from osmia.dataclass import dataclass
from osmia.lang.buckets import Bucket, Histogram, Histograms
from osmia.lang.integers import Integer, u32, u64
from osmia.lang.maps import Map, PerCpuArray
from osmia.lang.memory import encode
from osmia.lang.structs import struct
from osmia.uapi import MapType, UpdateFlags

__all__ = ["HistogramMap", "LinearHistogram", "Log2Histogram", "SlotHash"]

P = ParamSpec("P")
R_co = TypeVar("R_co", covariant=True)
K = TypeVar("K")
V = TypeVar("V", bound=Integer)

_MOST_BUCKETS = 4096


class HistogramMap(Map, Generic[P, R_co]):
    """Base of histograms: counters in a per-CPU array, or with keys in a per-CPU hash map.

    `P` is what `record` takes, `R` what `bpf[m]` gives.
    """

    per_cpu = True

    def __init__(self, value: type[Any], slots: int, key: type[Any] | None, max_entries: int | None) -> None:
        """`slots` counters are numbered from 0; `max_entries` is the number of keys."""
        if not issubclass(value, Integer) or not value.bits or value.byte_order == "big":
            raise TypeError(f"a histogram is of u8 to u64 or i8 to i64, not of {value.__name__}")
        if (key is None) != (max_entries is None):
            raise TypeError("key and max_entries go together: a histogram for each key, for so many keys")
        self.recorded_type: type[Integer] = value
        """The type of the values."""
        self.given_key: type[Any] | None = key
        """The type of the keys, None where there is one histogram only."""
        self.slots = slots
        self.key_count = max_entries or 0
        self.lost: PerCpuArray[u64] | None = None
        """Counts values that found no room; only with keys, since an array has room for all."""
        if key is None:
            self.map_type = MapType.PERCPU_ARRAY
            super().__init__(u32, u64, slots)
            return
        if self.key_count < 1:
            raise ValueError(f"max_entries must be at least 1, not {max_entries}")
        self.map_type = MapType.PERCPU_HASH
        super().__init__(_bucket_key(key), u64, self.key_count * len(self.ranges()))
        self.lost = PerCpuArray(u64, max_entries=1)

    @abstractmethod
    def slot(self, value: int) -> int:
        """The number of the counter for a value of the type."""

    @abstractmethod
    def ranges(self) -> tuple[tuple[int | None, int | None, int], ...]:
        """The buckets in order: least and greatest value (None: no bound), number of the counter."""

    @property
    def companions(self) -> Mapping[str, Map]:
        return {} if self.lost is None else {"lost": self.lost}

    def record(self, *arguments: P.args, **_: P.kwargs) -> None:
        """Count a value: `m.record(value)`, or `m.record(key, value)` where each key has a histogram.

        It is counted on the processor that runs the program, without an atomic operation. A value for which
        a histogram with keys has no room is counted as lost.
        """
        *keys, value = cast("tuple[Any, ...]", arguments)
        encode(self.recorded_type, value)
        bucket = u32(self.slot(int(value)))
        key = self.encode_key(cast("Any", self.key_type)(key=keys[0], bucket=bucket) if keys else bucket)
        storage = self._storage()
        counter = storage.lookup(key)
        if counter is not None:
            counter[:] = (decode_count(counter) + 1).to_bytes(8, "little")
        elif storage.update(key, u64(1).to_bytes(), UpdateFlags.NOEXIST) and self.lost is not None:
            self.lost[0] += 1

    def histogram(self, counts: Mapping[int, int]) -> Histogram:
        """The histogram of counters by their numbers."""
        return Histogram(tuple(Bucket(low, high, counts.get(slot, 0)) for low, high, slot in self.ranges()))

    def view(self, counts: Mapping[Any, int], lost: int) -> R_co:
        """What user space sees of the map's entries: `Histogram`, or `Histograms` by key."""
        if self.given_key is None:
            return cast("R_co", self.histogram(counts))
        by_key: dict[Any, dict[int, int]] = {}
        for place, count in counts.items():
            by_key.setdefault(place.key, {})[int(place.bucket)] = count
        return cast("R_co", Histograms({key: self.histogram(each) for key, each in by_key.items()}, lost))

    def _repr(self, *shape: str) -> str:
        shape = (self.recorded_type.__name__, *shape)
        if self.given_key is not None:
            shape = (*shape, f"key={self.given_key.__name__}", f"max_entries={self.key_count}")
        return f"{type(self).__name__}({', '.join(shape)})"


@dataclass(frozen=True)
class SlotHash:
    """Numbers the values of one bit length: all bits below the highest are set, then a multiplication.

    The product's upper bits differ for each bit length (a de Bruijn sequence), and the counters lie in the
    order of the hash: finding one takes 21 instructions and no branch. LLVM needs 45 to count leading zeros,
    and a binary search 20 with 6 branches, along which the verifier takes 2.6 times as many steps.
    """

    bits: int
    multiplier: int
    shift: int

    @property
    def slots(self) -> int:
        """How many numbers there may be."""
        return 1 << (self.bits - self.shift)

    def number(self, bit_length: int) -> int:
        """The number of the values of a bit length."""
        return (((1 << bit_length) - 1) * self.multiplier & ((1 << self.bits) - 1)) >> self.shift


class Log2Histogram(HistogramMap[P, R_co]):
    """A histogram with buckets of 0, 1, 2 to 3, 4 to 7, 8 to 15, and so on; one more for negative values.

    `Log2Histogram(u64)` is one histogram (BPF_MAP_TYPE_PERCPU_ARRAY, Linux 4.6), and
    `Log2Histogram(u64, key=Comm, max_entries=64)` one for each key (BPF_MAP_TYPE_PERCPU_HASH, Linux 4.6).
    """

    HASHES: ClassVar[Mapping[int, SlotHash]] = {
        32: SlotHash(32, 0x07C4ACDD, 26),
        64: SlotHash(64, 0x03F6EAF2CD271461, 57),
    }

    @overload
    def __init__(self: Log2Histogram[[V], Histogram], value: type[V]) -> None: ...
    @overload
    def __init__(
        self: Log2Histogram[[K, V], Histograms[K]], value: type[V], *, key: type[K], max_entries: int
    ) -> None: ...
    def __init__(
        self, value: type[Any], *, key: type[Any] | None = None, max_entries: int | None = None
    ) -> None:
        bits = getattr(value, "bits", 0)
        self.hash = self.HASHES[32 if bits <= 32 else 64]
        """How values become the numbers of their counters."""
        super().__init__(value, self.hash.slots, key, max_entries)

    def slot(self, value: int) -> int:
        """Negative values have the highest bit set, in the kernel's registers."""
        return self.hash.number((value & ((1 << self.hash.bits) - 1)).bit_length())

    def ranges(self) -> tuple[tuple[int | None, int | None, int], ...]:
        signed = self.recorded_type.signed
        lengths = range(1, self.recorded_type.bits + (0 if signed else 1))
        negative = ((None, -1, self.slot(-1)),) if signed else ()
        powers = ((1 << (length - 1), (1 << length) - 1, self.hash.number(length)) for length in lengths)
        return (*negative, (0, 0, self.slot(0)), *powers)

    def __repr__(self) -> str:
        return self._repr()


class LinearHistogram(HistogramMap[P, R_co]):
    """A histogram with `buckets` buckets of the width `step` from `start` on, one below and one above them.

    `LinearHistogram(u32, start=0, step=100, buckets=15)`; with `key` and `max_entries` one for each key. The
    kernel has it as it has a `Log2Histogram`.
    """

    @overload
    def __init__(
        self: LinearHistogram[[V], Histogram], value: type[V], *, start: int = ..., step: int, buckets: int
    ) -> None: ...
    @overload
    def __init__(
        self: LinearHistogram[[K, V], Histograms[K]],
        value: type[V],
        *,
        start: int = ...,
        step: int,
        buckets: int,
        key: type[K],
        max_entries: int,
    ) -> None: ...
    def __init__(
        self,
        value: type[Any],
        *,
        start: int = 0,
        step: int,
        buckets: int,
        key: type[Any] | None = None,
        max_entries: int | None = None,
    ) -> None:
        if not 1 <= buckets <= _MOST_BUCKETS:
            raise ValueError(f"a LinearHistogram has 1 to {_MOST_BUCKETS} buckets, not {buckets}")
        if not 1 <= step < 1 << 63:
            raise ValueError(f"step must be at least 1, not {step}")
        self.start, self.step, self.buckets = start, step, buckets
        super().__init__(value, buckets + 2, key, max_entries)
        if int(self.recorded_type(start)) != start:
            raise ValueError(f"start={start} is no number of {value.__name__}")

    @property
    def above(self) -> int:
        """The number of the counter for values behind the last bucket."""
        return self.buckets

    @property
    def below(self) -> int:
        """The number of the counter for values before the first bucket."""
        return self.buckets + 1

    def slot(self, value: int) -> int:
        return self.below if value < self.start else min((value - self.start) // self.step, self.above)

    def ranges(self) -> tuple[tuple[int | None, int | None, int], ...]:
        starts = (self.start + number * self.step for number in range(self.buckets))
        inside = ((start, start + self.step - 1, number) for number, start in enumerate(starts))
        end = self.start + self.buckets * self.step
        return ((None, self.start - 1, self.below), *inside, (end, None, self.above))

    def __repr__(self) -> str:
        return self._repr(f"start={self.start}", f"step={self.step}", f"buckets={self.buckets}")


def decode_count(counter: bytes | bytearray | memoryview) -> int:
    """A counter's number."""
    return int.from_bytes(counter[:8], "little")


def _bucket_key(key: type[Any]) -> type[Any]:
    """The key of the kernel's map: the user's key and the number of the counter."""
    fields = {"__annotations__": {"key": key, "bucket": u32}, "__doc__": "A key and the number of a counter."}
    return struct(type("HistogramBucket", (), fields))
