"""`simulate()`: programs as plain Python over a simulated kernel, behind the same interface as `load()`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Generic, NoReturn, Self, SupportsBytes, TypeVar, cast

from osmia.bpf.events import EventCodec, EventSource
from osmia.bpf.interface import KERNEL_CHOOSES, Bpf, Direction, RunResult
from osmia.bpf.simulated_hooks import SimulatedHook, simulated_hook
from osmia.errors import UsageError
from osmia.lang import (
    ArrayMap,
    BloomFilter,
    CgroupStorage,
    ClassifierProgram,
    Constant,
    CpuMap,
    DevMap,
    DevMapHash,
    Global,
    HashMap,
    HistogramMap,
    InodeStorage,
    LpmTrie,
    LruHashMap,
    LruPerCpuHashMap,
    Map,
    PerCpuArray,
    PerCpuHashMap,
    Program,
    Queue,
    SocketStorage,
    Stack,
    StackTrace,
    TaskStorage,
    TcAction,
    TracingProgram,
    XdpAction,
    XdpFlags,
    XdpProgram,
)
from osmia.lang.events import EventMap
from osmia.lang.map_of_maps import is_map_of_maps
from osmia.lang.program_arrays import is_program_array
from osmia.lang.references import references_of
from osmia.lang.runtime import Runtime, enter_runtime, leave_runtime
from osmia.lang.variables import is_global
from osmia.simulator import (
    SimulatedArray,
    SimulatedBloomFilter,
    SimulatedConstant,
    SimulatedEvents,
    SimulatedKernel,
    SimulatedLocalStorage,
    SimulatedMap,
    SimulatedMapOfMaps,
    SimulatedNumbers,
    SimulatedPerCpuArray,
    SimulatedPerCpuMap,
    SimulatedProgramArray,
    SimulatedQueue,
    SimulatedStacks,
    SimulatedTrie,
    SimulatedVariable,
    run_classifier,
    run_xdp,
)

if TYPE_CHECKING:
    from contextvars import Token
    from types import TracebackType

__all__ = ["SimulatedBpf", "SimulatedClassifier", "SimulatedTracing", "SimulatedXdp", "simulate"]

C = TypeVar("C")

_HANDLES: Mapping[type[Map], Callable[[SimulatedKernel, Map], object]] = {
    HashMap: SimulatedMap,
    LruHashMap: SimulatedMap,
    PerCpuHashMap: SimulatedPerCpuMap,
    LruPerCpuHashMap: SimulatedPerCpuMap,
    ArrayMap: SimulatedArray,
    PerCpuArray: SimulatedPerCpuArray,
    LpmTrie: SimulatedTrie,
    Queue: SimulatedQueue,
    Stack: SimulatedQueue,
    BloomFilter: SimulatedBloomFilter,
    DevMap: SimulatedNumbers,
    DevMapHash: SimulatedNumbers,
    CpuMap: SimulatedNumbers,
    TaskStorage: SimulatedLocalStorage,
    InodeStorage: SimulatedLocalStorage,
    SocketStorage: SimulatedLocalStorage,
    CgroupStorage: SimulatedLocalStorage,
}
"""The user side of each type of map."""


def simulate(
    *programs: Program[Any, Any],
    constants: Mapping[Constant[Any], Any] | None = None,
    processors: int = 4,
    seed: int = 0,
) -> SimulatedBpf:
    """Run programs as plain Python, with the interface of `load()`, no rights and no kernel.

    `constants` are values of configuration constants. The simulated machine has `processors`
    processors and random numbers that follow from `seed`. UsageError for a constant that no
    program uses or a value of another type.
    """
    return SimulatedBpf(
        programs, constants or {}, SimulatedKernel(constants, processors=processors, seed=seed)
    )


class SimulatedXdp:
    """An XDP program as plain Python."""

    def __init__(self, kernel: SimulatedKernel, program: XdpProgram) -> None:
        self._kernel = kernel
        self._program = program

    def attach(self, interface: str, *, flags: XdpFlags = KERNEL_CHOOSES) -> NoReturn:
        """UsageError: a simulation has no interfaces."""
        _refuse_attach(self._program, interface)

    def run(
        self, packet: bytes | SupportsBytes, *, repeat: int = 1, ingress_ifindex: int = 0
    ) -> RunResult[XdpAction]:
        """Run over a frame; it may be shorter than the kernel would take, to test what parses it."""
        run = run_xdp(
            self._kernel, self._program, bytes(packet), repeat=repeat, ingress_ifindex=ingress_ifindex
        )
        return RunResult(run.action, run.data, run.duration_ns)

    def run_many(self, packets: Iterable[bytes]) -> Counter[XdpAction]:
        """Run over many frames; see `XdpHandle`."""
        return Counter(self.run(packet).action for packet in packets)


class SimulatedClassifier:
    """A traffic control program as plain Python."""

    def __init__(self, kernel: SimulatedKernel, program: ClassifierProgram) -> None:
        self._kernel = kernel
        self._program = program

    def attach(
        self, interface: str, direction: Direction, *, first: bool = False, priority: int | None = None
    ) -> NoReturn:
        """UsageError: a simulation has no interfaces."""
        _refuse_attach(self._program, interface)

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
        """Run over a frame; it may be shorter than the kernel would take, to test what parses it."""
        run = run_classifier(
            self._kernel,
            self._program,
            bytes(packet),
            repeat=repeat,
            ifindex=ifindex,
            ingress_ifindex=ingress_ifindex,
            mark=mark,
            wire_length=wire_length,
            gso_segments=gso_segments,
        )
        return RunResult(run.action, run.data, run.duration_ns)


class SimulatedTracing(Generic[C]):
    """A tracing program as plain Python."""

    def __init__(self, kernel: SimulatedKernel, program: TracingProgram[C]) -> None:
        self._kernel = kernel
        self._program = program

    def attach(self) -> NoReturn:
        """UsageError: a simulation has nothing to trace."""
        _refuse_attach(self._program, self._program.target)

    def run(self, context: C) -> int:
        """Run for one event: a `TracepointContext`, `KprobeContext` and so on, made by the test."""
        token = enter_runtime(self._kernel)
        try:
            result = self._program(context)
            self._kernel.check_released()
            return result
        finally:
            leave_runtime(token)


class SimulatedBpf(Bpf):
    """Programs and maps of a simulation; in its `with` block, kernel functions can be called as well."""

    def __init__(
        self,
        programs: tuple[Program[Any, Any], ...],
        constants: Mapping[Constant[Any], Any],
        kernel: SimulatedKernel,
    ) -> None:
        if not programs:
            raise UsageError("there is no program to simulate", "write simulate(program, ...)")
        for program in cast("tuple[object, ...]", programs):
            if not isinstance(program, Program):
                raise UsageError(
                    f"{getattr(program, '__name__', program)} is no program",
                    "decorate the function with @xdp or @classifier",
                )
        super().__init__()
        self.kernel = kernel
        """The simulated kernel: its clock, processors and random numbers can be set."""
        self._references = references_of(programs)
        self._programs = tuple(self._references.programs)
        self._tokens: list[Token[Runtime]] = []
        for constant, value in constants.items():
            self._check_constant(constant, value)

    def _handle(self, declaration: Any) -> Any:
        if issubclass(type(declaration), Program):
            return self._program_handle(declaration)
        if is_global(declaration):
            return self._variable(declaration)
        if issubclass(type(declaration), Constant):
            return SimulatedConstant(self.kernel, declaration)
        if not isinstance(declaration, Map):
            raise UsageError(f"{declaration!r} is neither a program nor a map")
        self._check_map(declaration)
        if is_program_array(declaration):
            return SimulatedProgramArray(self.kernel, declaration, self._programs)
        if is_map_of_maps(declaration):
            maps: SimulatedMapOfMaps[Any] = SimulatedMapOfMaps(self.kernel, declaration, self._inner_map)
            return maps
        return _HANDLES[_plain_type(declaration)](self.kernel, declaration)

    def _inner_map(self, declaration: Map) -> object:
        return _HANDLES[type(declaration)](self.kernel, declaration)

    def _variable(self, declaration: Global[Any]) -> SimulatedVariable[Any]:
        if declaration not in self._references.globals.values():
            names = ", ".join(program.name for program in self._programs)
            raise UsageError(f"{declaration!r} is used by none of the programs: {names}")
        return SimulatedVariable(self.kernel, declaration)

    def _check_map(self, declaration: Map) -> None:
        if declaration not in self._references.maps.values():
            names = ", ".join(program.name for program in self._programs)
            raise UsageError(f"{declaration} is used by none of the programs: {names}")

    def _stack_source(self, declaration: StackTrace) -> SimulatedStacks:
        self._check_map(declaration)
        return SimulatedStacks(self.kernel, declaration)

    def _event_source(
        self, declaration: EventMap, codec: EventCodec[Any], options: Mapping[str, Any]
    ) -> EventSource[Any]:
        self._check_map(declaration)
        return SimulatedEvents(self.kernel, declaration, pages=options.get("pages"))

    def close(self) -> None:
        """End all event readers."""
        for reader in self._readers.values():
            reader.close()
        self.kernel.close()

    def __enter__(self) -> Self:
        self._tokens.append(enter_runtime(self.kernel))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        leave_runtime(self._tokens.pop())
        self.close()
        if error is None:
            self.kernel.check_released()

    def _program_handle(
        self, program: Program[Any, Any]
    ) -> SimulatedXdp | SimulatedClassifier | SimulatedTracing[Any] | SimulatedHook:
        if program not in self._programs:
            raise UsageError(f"{program.name} is not simulated here", f"write simulate({program.name}, ...)")
        if isinstance(program, XdpProgram):
            return SimulatedXdp(self.kernel, program)
        if isinstance(program, ClassifierProgram):
            return SimulatedClassifier(self.kernel, program)
        if isinstance(program, TracingProgram):
            return SimulatedTracing(self.kernel, program)
        return simulated_hook(self.kernel, program)

    def _check_constant(self, constant: Constant[Any], value: object) -> None:
        if constant not in self._references.constants.values():
            raise UsageError(
                f"{constant!r} is used by none of the programs",
                "leave it out or load the program that uses it",
            )
        if type(value) is not type(constant.default):
            name = type(constant.default).__name__
            raise UsageError(f"{constant!r} cannot be set to {value!r}", f"its value is of type {name}")


def _refuse_attach(program: Program[Any, Any], interface: str) -> NoReturn:
    raise UsageError(
        f"{program.name} is simulated and cannot be attached to {interface}",
        f"give it packets with bpf[{program.name}].run(packet), or load it with osmia.load()",
    )


def _plain_type(declaration: Map) -> type[Map]:
    """The type of map that a declaration is read as: histograms are counters."""
    if isinstance(declaration, HistogramMap):
        return PerCpuArray if declaration.given_key is None else PerCpuHashMap
    return type(declaration)
