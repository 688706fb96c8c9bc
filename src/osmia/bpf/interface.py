"""What `osmia.load` and `osmia.simulate` give: the same typed interface to programs and maps."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import (
    Callable,
    ItemsView,
    Iterable,
    Iterator,
    KeysView,
    Mapping,
    MutableMapping,
    Sequence,
    ValuesView,
)
from enum import Enum
from pathlib import Path
from typing import (
    TYPE_CHECKING,
    Any,
    Generic,
    Protocol,
    Self,
    SupportsBytes,
    SupportsIndex,
    TypeVar,
    cast,
    overload,
)

from osmia.bpf.events import EventCodec, EventReader, EventSource
from osmia.bpf.hooks import (
    BloomMapping,
    CgroupHandle,
    CgroupSkbHandle,
    HasDescriptor,
    LocalStorageMapping,
    MapOfMapsMapping,
    NamespaceHandle,
    NumberMapping,
    PerfEventHandle,
    QueueMapping,
    SocketFilterHandle,
    SocketHandle,
    SocketMapHandle,
    SocketMapping,
    UprobeHandle,
)
from osmia.bpf.stack_traces import StackSource, StackTraces
from osmia.dataclass import dataclass
from osmia.errors import UsageError
from osmia.lang import (
    ArrayMap,
    ArrayOfMaps,
    BloomFilter,
    CgroupProgram,
    CgroupSkbProgram,
    ClassifierProgram,
    Constant,
    CpuMap,
    DevMap,
    DevMapHash,
    Global,
    HashMap,
    HashOfMaps,
    HistogramMap,
    Integer,
    LocalStorage,
    LpmTrie,
    LruHashMap,
    LruPerCpuHashMap,
    Map,
    PerCpuArray,
    PerCpuHashMap,
    PerfEventArray,
    PerfEventProgram,
    Program,
    ProgramArray,
    Queue,
    ReuseportArray,
    RingBuf,
    SkLookupProgram,
    SkMsgProgram,
    SkReuseportProgram,
    SkSkbProgram,
    SocketFilterProgram,
    SockHash,
    SockMap,
    SockOpsProgram,
    StackTrace,
    TcAction,
    TracingProgram,
    UprobeProgram,
    XdpAction,
    XdpFlags,
    XdpMapProgram,
    XdpProgram,
    XskMap,
    u64,
)
from osmia.lang.events import EventMap

if TYPE_CHECKING:
    from types import TracebackType

__all__ = [
    "KERNEL_CHOOSES",
    "ArrayMapping",
    "Bpf",
    "ClassifierHandle",
    "ConstantValue",
    "Direction",
    "EventReader",
    "Link",
    "PerCpuArrayMapping",
    "PerCpuMapping",
    "PerCpuValues",
    "RunResult",
    "TracingHandle",
    "Variable",
    "XdpHandle",
]

C = TypeVar("C")
K = TypeVar("K")
V = TypeVar("V")
E = TypeVar("E")
R = TypeVar("R")
A = TypeVar("A")
I = TypeVar("I", bound=Integer | bool)  # noqa: E741
O = TypeVar("O")  # noqa: E741
V_co = TypeVar("V_co", covariant=True)
Given_contra = TypeVar("Given_contra", contravariant=True)
Key_co = TypeVar("Key_co", covariant=True)

KERNEL_CHOOSES = XdpFlags(0)
"""No flags: native mode where the driver has it, else generic mode."""


class Direction(Enum):
    """Which packets of an interface a traffic control program sees."""

    INGRESS = "ingress"
    EGRESS = "egress"


@dataclass(frozen=True, slots=True)
class RunResult(Generic[A]):
    """What a run of a program over one packet gave."""

    action: A
    """The program's verdict."""
    data: bytes
    """The packet afterwards."""
    duration_ns: int
    """Mean nanoseconds of one repetition."""


class Link(Protocol):
    """A program attached to a hook; leaving the `with` block, or closing the `Bpf`, detaches it."""

    @property
    def program_id(self) -> int:
        """The kernel's number of the attached program."""
        ...

    def detach(self) -> None:
        """Take the program off the hook; no error where that was done before."""
        ...

    def update(self, program: HasDescriptor) -> None:
        """Put another program of the same kind in its place, without a gap: `bpf.program("name")`.

        Raises NotSupportedError where the kind of hook has no such exchange. Since Linux 5.7.
        """
        ...

    def pin(self, path: str | Path) -> None:
        """Give it a name in a bpffs: the program stays on its hook when this process ends.

        Raises UsageError: the name is taken, or its folder is not in a bpffs.
        """
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None: ...


class XdpHandle(Protocol):
    """A loaded XDP program."""

    def attach(self, interface: str, *, flags: XdpFlags = KERNEL_CHOOSES) -> Link:
        """Attach to a network interface; without flags the kernel chooses, native mode before generic.

        Raises UnknownInterfaceError, AlreadyAttachedError, PermissionDeniedError. Since Linux 5.9.
        """
        ...

    def run(
        self, packet: bytes | SupportsBytes, *, repeat: int = 1, ingress_ifindex: int = 0
    ) -> RunResult[XdpAction]:
        """Run over a frame that starts with its Ethernet header (BPF_PROG_TEST_RUN); nothing is sent.

        `repeat` runs go over the same bytes, one after the other. ingress_ifindex 0 stands for
        the loopback interface.
        """
        ...

    def run_many(self, packets: Iterable[bytes]) -> Counter[XdpAction]:
        """Run over many frames, each once, and count the verdicts: some 4 us a frame.

        Each frame is taken from `packets` after the run over the one before, so a generator can set maps
        in between. The frames came in by the loopback interface; 14 bytes each at least, some 3,500 at most.
        """
        ...


class ClassifierHandle(Protocol):
    """A loaded traffic control program."""

    def attach(
        self, interface: str, direction: Direction, *, first: bool = False, priority: int | None = None
    ) -> Link:
        """Attach to one direction of a network interface, behind the programs there or (`first`) before them.

        By tcx where the kernel has it (Linux 6.6), else as a filter of the qdisc clsact; with a
        `priority` always as that filter. Filters run in order of their priority, 1 to 65,535. A filter
        outlives a process that is killed by signal 9; a program on tcx does not.

        Raises UnknownInterfaceError, AlreadyAttachedError, NotSupportedError, PermissionDeniedError.
        """
        ...

    def run(
        self,
        packet: bytes | SupportsBytes,
        *,
        repeat: int = 1,
        ifindex: int = 0,
        ingress_ifindex: int = 0,
        mark: int = 0,
        wire_length: int = 0,
        gso_segments: int = 0,
    ) -> RunResult[TcAction]:
        """Run over a frame that starts with its Ethernet header (BPF_PROG_TEST_RUN); nothing is sent.

        `repeat` as for XDP. ifindex 0 stands for the loopback interface, wire_length 0 for the
        packet's own length in bytes.
        """
        ...


class TracingHandle(Protocol):
    """A loaded tracing program."""

    def attach(self) -> Link:
        """Attach to what the decorator names: a tracepoint or a kernel function.

        Raises UsageError (no such target), NotSupportedError (no kernel probes, no tracefs),
        PermissionDeniedError.
        """
        ...


class PerCpuValues(Protocol[V]):
    """The values of one key, by processor number."""

    def __getitem__(self, processor: int, /) -> V: ...

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[V]: ...

    def sum(self) -> int:
        """The sum over all processors, not wrapped; TypeError where the values are no integers."""
        ...

    def reduce(self, merge: Callable[[V, V], V]) -> V:
        """The values made one, two at a time."""
        ...


class _Entries(Protocol[Given_contra, Key_co, V_co]):
    """The reading half of a mapping, with keys that may be given in more ways than they are handed out."""

    def __getitem__(self, key: Given_contra, /) -> V_co: ...

    def __contains__(self, key: object, /) -> bool: ...

    def __iter__(self) -> Iterator[Key_co]: ...

    def __len__(self) -> int: ...

    def keys(self) -> KeysView[Key_co]: ...

    def values(self) -> ValuesView[V_co]: ...

    def items(self) -> ItemsView[Key_co, V_co]: ...


class ArrayMapping(_Entries[SupportsIndex, int, V], Protocol[V]):
    """An array: all indices are there from the start; KeyError for any other."""

    def __setitem__(self, key: SupportsIndex, value: V, /) -> None: ...


class PerCpuMapping(_Entries[K, K, PerCpuValues[V]], Protocol[K, V]):
    """A hash map with a value for each key and processor."""

    def __setitem__(self, key: K, value: Sequence[V], /) -> None: ...

    def __delitem__(self, key: K, /) -> None: ...

    def get(self, key: K, /) -> PerCpuValues[V] | None:
        """The values of a key, or None."""
        ...

    def clear(self) -> None:
        """Remove all entries."""
        ...


class PerCpuArrayMapping(_Entries[SupportsIndex, int, PerCpuValues[V]], Protocol[V]):
    """An array with a value for each index and processor."""

    def __setitem__(self, key: SupportsIndex, value: Sequence[V], /) -> None: ...


class Variable(Protocol[V]):
    """A global variable of loaded programs, or of simulated ones."""

    @property
    def value(self) -> V:
        """A copy of the value as it is now.

        One of more than 8 bytes may be read while a program writes it.
        """
        ...

    @value.setter
    def value(self, value: V) -> None: ...


class ConstantValue(Protocol[V_co]):
    """A configuration constant: it was set at load."""

    @property
    def value(self) -> V_co:
        """The value that the programs have."""
        ...


class Bpf(ABC):
    """Programs and maps, loaded or simulated; a context manager, at whose end all is detached and closed.

    `bpf[program]` is the program's handle, `bpf[map]` the user side of a map. UsageError for a
    program that was not loaded, or a map that no loaded program uses.
    """

    def __init__(self) -> None:
        self._readers: dict[Map, EventReader[Any]] = {}
        self._stacks: dict[StackTrace, StackTraces] = {}

    @overload
    def __getitem__(self, declaration: XdpProgram) -> XdpHandle: ...
    @overload
    def __getitem__(self, declaration: ClassifierProgram) -> ClassifierHandle: ...
    @overload
    def __getitem__(self, declaration: TracingProgram[Any]) -> TracingHandle: ...
    @overload
    def __getitem__(self, declaration: CgroupSkbProgram) -> CgroupSkbHandle: ...
    @overload
    def __getitem__(self, declaration: CgroupProgram[Any] | SockOpsProgram) -> CgroupHandle: ...
    @overload
    def __getitem__(self, declaration: SocketFilterProgram) -> SocketFilterHandle: ...
    @overload
    def __getitem__(self, declaration: SkReuseportProgram) -> SocketHandle: ...
    @overload
    def __getitem__(self, declaration: SkMsgProgram | SkSkbProgram) -> SocketMapHandle: ...
    @overload
    def __getitem__(self, declaration: SkLookupProgram) -> NamespaceHandle: ...
    @overload
    def __getitem__(self, declaration: UprobeProgram) -> UprobeHandle: ...
    @overload
    def __getitem__(self, declaration: PerfEventProgram) -> PerfEventHandle: ...
    @overload
    def __getitem__(self, declaration: XdpMapProgram) -> HasDescriptor: ...
    @overload
    def __getitem__(self, declaration: Queue[V]) -> QueueMapping[V]: ...
    @overload
    def __getitem__(self, declaration: BloomFilter[V]) -> BloomMapping[V]: ...
    @overload
    def __getitem__(
        self, declaration: HashOfMaps[O, HashMap[K, V]]
    ) -> MapOfMapsMapping[O, MutableMapping[K, V]]: ...
    @overload
    def __getitem__(
        self, declaration: HashOfMaps[O, PerCpuHashMap[K, V]]
    ) -> MapOfMapsMapping[O, PerCpuMapping[K, V]]: ...
    @overload
    def __getitem__(
        self, declaration: HashOfMaps[O, ArrayMap[V]]
    ) -> MapOfMapsMapping[O, ArrayMapping[V]]: ...
    @overload
    def __getitem__(
        self, declaration: HashOfMaps[O, PerCpuArray[V]]
    ) -> MapOfMapsMapping[O, PerCpuArrayMapping[V]]: ...
    @overload
    def __getitem__(
        self, declaration: ArrayOfMaps[HashMap[K, V]]
    ) -> MapOfMapsMapping[int, MutableMapping[K, V]]: ...
    @overload
    def __getitem__(
        self, declaration: ArrayOfMaps[PerCpuHashMap[K, V]]
    ) -> MapOfMapsMapping[int, PerCpuMapping[K, V]]: ...
    @overload
    def __getitem__(
        self, declaration: ArrayOfMaps[ArrayMap[V]]
    ) -> MapOfMapsMapping[int, ArrayMapping[V]]: ...
    @overload
    def __getitem__(
        self, declaration: ArrayOfMaps[PerCpuArray[V]]
    ) -> MapOfMapsMapping[int, PerCpuArrayMapping[V]]: ...
    @overload
    def __getitem__(self, declaration: LocalStorage[V]) -> LocalStorageMapping[V]: ...
    @overload
    def __getitem__(self, declaration: DevMap | DevMapHash | CpuMap) -> NumberMapping: ...
    @overload
    def __getitem__(self, declaration: SockMap | ReuseportArray | XskMap) -> SocketMapping[int]: ...
    @overload
    def __getitem__(self, declaration: SockHash[K]) -> SocketMapping[K]: ...
    @overload
    def __getitem__(
        self, declaration: PerCpuHashMap[K, V] | LruPerCpuHashMap[K, V]
    ) -> PerCpuMapping[K, V]: ...
    @overload
    def __getitem__(self, declaration: HashMap[K, V] | LruHashMap[K, V]) -> MutableMapping[K, V]: ...
    @overload
    def __getitem__(self, declaration: PerCpuArray[V]) -> PerCpuArrayMapping[V]: ...
    @overload
    def __getitem__(self, declaration: ArrayMap[V]) -> ArrayMapping[V]: ...
    @overload
    def __getitem__(self, declaration: LpmTrie[K, V]) -> MutableMapping[tuple[K, int], V]: ...
    @overload
    def __getitem__(self, declaration: PerfEventArray[E] | RingBuf[E]) -> EventReader[E]: ...
    @overload
    def __getitem__(self, declaration: Global[V]) -> Variable[V]: ...
    @overload
    def __getitem__(self, declaration: Constant[I]) -> ConstantValue[I]: ...
    @overload
    def __getitem__(self, declaration: HistogramMap[..., R]) -> R: ...
    @overload
    def __getitem__(self, declaration: ProgramArray[C]) -> MutableMapping[int, Program[C, Any]]: ...
    @overload
    def __getitem__(self, declaration: StackTrace) -> StackTraces: ...
    def __getitem__(self, declaration: Any) -> Any:
        """The handle of a program or map."""
        if isinstance(declaration, (PerfEventArray, RingBuf)):
            events = cast("EventMap", declaration)
            return self._readers.get(events) or self._open_reader(events, {})
        if isinstance(declaration, HistogramMap):
            return self._histogram(cast("HistogramMap[..., Any]", declaration))
        if isinstance(declaration, StackTrace):
            if declaration not in self._stacks:
                self._stacks[declaration] = StackTraces(self._stack_source(declaration))
            return self._stacks[declaration]
        return self._handle(declaration)

    def _histogram(self, declaration: HistogramMap[..., R]) -> R:
        counters: Mapping[Any, PerCpuValues[u64]] = self._handle(declaration)
        counts = {place: values.sum() for place, values in counters.items()}
        lost = 0 if declaration.lost is None else self[declaration.lost][0].sum()
        return declaration.view(counts, lost)

    @overload
    def reader(
        self,
        declaration: PerfEventArray[E],
        *,
        pages: int = ...,
        wake_bytes: int | None = ...,
        delay: float = ...,
        by_time: bool = ...,
    ) -> EventReader[E]: ...
    @overload
    def reader(self, declaration: RingBuf[E], *, delay: float = ...) -> EventReader[E]: ...
    def reader(self, declaration: Any, **options: Any) -> Any:
        """Open the reader of a map, which is `bpf[map]` from then on, with other than the usual options.

        For a perf event array: `pages` of each processor's buffer (64; a power of two); the kernel wakes
        the reader when `wake_bytes` of events wait (an eighth of the buffer; 0: for each event), and it
        looks by itself once in `delay` seconds (0.1). `by_time` sorts the events of all processors by the
        time at which they were sent, and holds them back for 10 ms to do so.

        For a ring buffer: the kernel wakes the reader for an event when it has read all before (`delay`
        0), or never, and it looks once in `delay` seconds.

        A simulation wakes the reader at once, and its events are in order.

        Raises:
            UsageError: the reader is open already, or an option cannot be.
        """
        if declaration in self._readers:
            raise UsageError(f"the reader of {declaration} is open", "call reader() before bpf[map]")
        return self._open_reader(declaration, options)

    def _open_reader(self, declaration: EventMap, options: Mapping[str, Any]) -> EventReader[Any]:
        codec = declaration.codec
        reader: EventReader[Any] = EventReader(self._event_source(declaration, codec, options), codec)
        self._readers[declaration] = reader
        return reader

    @abstractmethod
    def _event_source(
        self, declaration: EventMap, codec: EventCodec[Any], options: Mapping[str, Any]
    ) -> EventSource[Any]:
        """Open the buffers of an event map; UsageError for what is none, or is not of this object."""

    @abstractmethod
    def _stack_source(self, declaration: StackTrace) -> StackSource:
        """Where the stacks of a map are read; UsageError for one that is not of this object."""

    @abstractmethod
    def _handle(self, declaration: Any) -> Any:
        """The handle, of the type that the overloads of `__getitem__` promise."""

    @abstractmethod
    def close(self) -> None:
        """Detach and close everything; no error where that was done before."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
