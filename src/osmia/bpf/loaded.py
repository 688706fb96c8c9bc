"""`load()`: programs in the running kernel, from the compiler or its cache, or from an object file."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast, overload

from osmia.bpf.columns import columns
from osmia.bpf.events import EventCodec, EventReader, EventSource
from osmia.bpf.interface import Bpf
from osmia.bpf.kernel_log import KERNEL_LOGGER, LogForwarder
from osmia.bpf.loaded_hooks import LOADED_HOOKS
from osmia.bpf.loaded_programs import LoadedClassifier, LoadedTracing, LoadedXdp
from osmia.compiler.cache import compiled_object
from osmia.errors import CompileError, MalformedError, UsageError
from osmia.lang import (
    BloomFilter,
    ClassifierProgram,
    Constant,
    Global,
    LocalStorage,
    Map,
    MapOfMaps,
    Program,
    Queue,
    RedirectMap,
    SocketMap,
    StackTrace,
    TracingProgram,
    XdpProgram,
    XskMap,
    u32,
)
from osmia.lang.events import EventMap
from osmia.lang.map_of_maps import is_map_of_maps
from osmia.lang.memory import MemoryCodec, encode
from osmia.lang.programs import is_program
from osmia.lang.references import References
from osmia.loader import (
    ArrayHandle,
    BloomFilterHandle,
    DataMemory,
    HashMapHandle,
    LoadedObject,
    LocalStorageHandle,
    MapObject,
    MapOfMapsHandle,
    ObjectSpec,
    PerCpuArrayHandle,
    PerCpuHashMapHandle,
    PerfBufferReader,
    PrefixCodec,
    ProgramArrayHandle,
    ProgramHandle,
    QueueHandle,
    RedirectMapHandle,
    RingBufferReader,
    SocketMapHandle,
    StackTraceHandle,
    VariableHandle,
    find_variable,
    load_object,
    lost_counter,
    read_object,
)
from osmia.loader.log import LEVEL as LOG_LEVEL, MAP as LOG_MAP, SECTION as LOG_SECTION, LogDecoder
from osmia.uapi import MapType

if TYPE_CHECKING:
    import numpy

__all__ = ["LoadedBpf", "load"]

K = TypeVar("K")
V = TypeVar("V")

_LARGEST_OBJECT = 64 << 20


@overload
def load(program: Program[Any, Any], /, *programs: Program[Any, Any],
         constants: Mapping[Constant[Any], Any] | None = None,
         log_level: int | None = None) -> LoadedBpf: ...  # fmt: skip
@overload
def load(program: Path, /, *, log_level: int | None = None) -> LoadedBpf: ...
def load(
    program: Program[Any, Any] | Path,
    /,
    *programs: Program[Any, Any],
    constants: Mapping[Constant[Any], Any] | None = None,
    log_level: int | None = None,
) -> LoadedBpf:
    """Compile programs, unless the cache has them, and load them and their maps into the kernel.

    `constants` are values of configuration constants. A path is an object file, ours or clang's;
    its programs and maps are had by name. Nothing is attached yet; the result is a context manager.
    Log messages below `log_level`, one of the `logging` module, are removed from the programs; without it,
    those below the level that the logger "osmia.kernel" has now. Since Linux 5.10.

    Raises:
        CompileError: with every finding.
        VerifierError: the kernel refused a program, with the Python line.
        PermissionDeniedError: names the missing capabilities.
        MalformedError: the file is no BPF object.
    """
    if isinstance(program, Path):
        with program.open("rb") as file:
            data = file.read(_LARGEST_OBJECT + 1)
        if len(data) > _LARGEST_OBJECT:
            raise MalformedError("ELF object", f"{program} has more than {_LARGEST_OBJECT} bytes")
        spec = read_object(data)
        return LoadedBpf(load_object(spec, variables=_log_level(spec, log_level)), (), References())
    given: tuple[object, ...] = (program, *programs)
    for each in given:
        if not is_program(each):
            raise UsageError(
                f"{getattr(each, '__name__', each)} is no program",
                "decorate the function with @xdp or @classifier",
            )
    all_programs = (program, *programs)
    try:
        data, references = compiled_object(all_programs)
    except CompileError as error:
        # The user's line is in the error; how the compiler came to it is of no use.
        raise error.with_traceback(None) from None
    spec = read_object(data)
    variables = _variables(references, constants or {}) | _log_level(spec, log_level)
    return LoadedBpf(load_object(spec, variables=variables), tuple(references.programs), references)


def _log_level(spec: ObjectSpec, level: int | None) -> dict[str, bytes]:
    """The variable that the programs compare the levels of their messages with, where they have any."""
    found = spec.variable(LOG_LEVEL)
    if found is None or found[1].size != 4:
        return {}
    least = KERNEL_LOGGER.getEffectiveLevel() if level is None else level
    if not 0 <= least < 1 << 32:
        raise UsageError(f"log_level={level} is no level", "write logging.INFO or the like")
    return {LOG_LEVEL: least.to_bytes(4, "little")}


def _variables(references: References, constants: Mapping[Constant[Any], Any]) -> dict[str, bytes]:
    names = {constant: name for name, constant in references.constants.items()}
    variables: dict[str, bytes] = {}
    for constant, value in constants.items():
        if constant not in names:
            raise UsageError(
                f"{constant!r} is used by none of the programs",
                "leave it out or load the program that uses it",
            )
        if type(value) is not type(constant.default):
            name = type(constant.default).__name__
            raise UsageError(f"{names[constant]} cannot be set to {value!r}", f"its value is of type {name}")
        variables[names[constant]] = encode(type(constant.default), value)
    return variables


class LoadedBpf(Bpf):
    """Programs and maps in the kernel; closing it detaches and gives up everything.

    Log messages of the programs arrive in the logger "osmia.kernel" while it is open.
    """

    def __init__(
        self, loaded: LoadedObject, programs: tuple[Program[Any, Any], ...], references: References
    ) -> None:
        super().__init__()
        self.object = loaded
        """The loader's object: programs and maps by name."""
        self._programs = programs
        tables = (references.maps, references.constants, references.globals)
        self._names: dict[object, str] = {each: name for table in tables for name, each in table.items()}
        self._opened: dict[int, MapObject] = {}
        self._sections: dict[str, DataMemory] = {}
        self._resources = ExitStack()
        self._resources.enter_context(loaded)
        # Links are given up first, then readers, then maps and programs.
        self._read = self._resources.enter_context(ExitStack())
        self._links = self._resources.enter_context(ExitStack())
        table = loaded.spec.extra.get(LOG_SECTION)
        if table is not None and LOG_MAP in loaded.maps:
            self._read.enter_context(LogForwarder(loaded.maps[LOG_MAP], LogDecoder(table)))

    def _handle(self, declaration: Any) -> Any:
        if is_program(declaration):
            if declaration not in self._programs:
                name = declaration.name
                raise UsageError(f"{name} is not loaded here", f"write load({name}, ...)")
            return self._program(declaration)
        if issubclass(type(declaration), Constant | Global):
            return self._variable_of(declaration)
        if not isinstance(declaration, Map):
            raise UsageError(f"{declaration!r} is neither a program nor a map")
        return self._map(declaration)

    def program(self, name: str) -> ProgramHandle:
        """A program by its name in the object; UsageError with the names that exist."""
        if name not in self.object.programs:
            known = ", ".join(self.object.programs)
            raise UsageError(f"there is no program {name!r}", f"the object has: {known}")
        return self.object.programs[name]

    def map_object(self, declaration: Map) -> MapObject:
        """The kernel's side of a declared map: its descriptor and number, `pin` and `freeze`.

        UsageError for a map that no loaded program uses.
        """
        return self._created(declaration)

    def to_numpy(self, declaration: Map) -> numpy.ndarray[Any, Any]:
        """A whole hash map or array as a structured array with the fields `key` and `value`.

        Read by batch where the kernel has it (Linux 5.6). A per-CPU value has a second dimension, by
        processor: `bpf.to_numpy(counts)["value"].sum(axis=1)`. UsageError for a map without entries.
        """
        return columns(declaration, self._created(declaration))

    def map(self, name: str, key: type[K], value: type[V]) -> HashMapHandle[K, V]:
        """A hash map by its name in the object, with the types of its keys and values."""
        if name not in self.object.maps:
            known = ", ".join(self.object.maps)
            raise UsageError(f"there is no map {name!r}", f"the object has: {known}")
        return HashMapHandle(self.object.maps[name], MemoryCodec(key), MemoryCodec(value))

    def variable(self, name: str, value: type[V]) -> VariableHandle[V]:
        """A global variable by its name in the object, with its type.

        Raises:
            UsageError: there is none of that name, or its size is another one.
        """
        section, spec = find_variable(self.object, name)
        if section.name not in self._sections:
            self._sections[section.name] = self._read.enter_context(closing(DataMemory(section)))
        return VariableHandle(self._sections[section.name], spec, MemoryCodec(value))

    def _variable_of(self, declaration: Constant[Any] | Global[Any]) -> VariableHandle[Any]:
        if declaration not in self._names:
            names = ", ".join(program.name for program in self._programs)
            raise UsageError(f"{declaration!r} is used by none of the programs: {names}")
        kind = type(declaration.default) if isinstance(declaration, Constant) else declaration.type
        return self.variable(self._names[declaration], kind)

    def close(self) -> None:
        """Detach and close everything; no error where that was done before."""
        self._resources.close()

    def _program(self, program: Program[Any, Any]) -> object:
        handle = self.object.programs[program.name]
        if isinstance(program, XdpProgram):
            return LoadedXdp(handle, self._links)
        if isinstance(program, ClassifierProgram):
            return LoadedClassifier(handle, self._links)
        if isinstance(program, TracingProgram):
            return LoadedTracing(handle, program, self._links)
        for base in type(program).__mro__:
            if base in LOADED_HOOKS:
                return LOADED_HOOKS[base](handle, self._links, program)
        raise UsageError(f"{program!r} cannot be attached")

    def _map(self, declaration: Map) -> object:
        created = self._created(declaration)
        if is_map_of_maps(declaration):
            return self._map_of_maps(declaration, created)
        return self._typed_map(declaration, created)

    def _map_of_maps(self, declaration: MapOfMaps[Any, Map], created: MapObject) -> object:
        def typed(inner: MapObject) -> Any:
            return self._typed_map(declaration.inner, inner)

        keys: MemoryCodec[Any] = MemoryCodec(cast("type[Any]", declaration.key_type))
        return MapOfMapsHandle(created, keys, typed, self._read, self._opened)

    def _typed_map(self, declaration: Map, created: MapObject) -> object:
        values: MemoryCodec[Any] = MemoryCodec(cast("type[Any]", declaration.value_type))
        kind = declaration.map_type
        if kind is MapType.PROG_ARRAY:
            handles = {program: self.object.programs[program.name] for program in self._programs}
            return ProgramArrayHandle(created, handles)
        if kind is MapType.ARRAY:
            return ArrayHandle(created, values)
        if kind is MapType.PERCPU_ARRAY:
            return PerCpuArrayHandle(created, values)
        if isinstance(declaration, Queue):
            return QueueHandle(created, values)
        if isinstance(declaration, BloomFilter):
            return BloomFilterHandle(created, values)
        if isinstance(declaration, LocalStorage):
            return LocalStorageHandle(created, values)
        if isinstance(declaration, XskMap):
            return SocketMapHandle(created, MemoryCodec(u32))
        if isinstance(declaration, RedirectMap):
            return RedirectMapHandle(created)
        keys: MemoryCodec[Any] = MemoryCodec(cast("type[Any]", declaration.key_type))
        if isinstance(declaration, SocketMap):
            return SocketMapHandle(created, keys)
        if kind is MapType.LPM_TRIE:
            return HashMapHandle(created, PrefixCodec(keys), values)
        if declaration.per_cpu:
            return PerCpuHashMapHandle(created, keys, values)
        return HashMapHandle(created, keys, values)

    def _created(self, declaration: Map) -> MapObject:
        if declaration not in self._names:
            names = ", ".join(program.name for program in self._programs)
            raise UsageError(f"{declaration} is used by none of the programs: {names}")
        return self.object.maps[self._names[declaration]]

    def _stack_source(self, declaration: StackTrace) -> StackTraceHandle:
        return StackTraceHandle(self._created(declaration))

    def _event_source(
        self, declaration: EventMap, codec: EventCodec[Any], options: Mapping[str, Any]
    ) -> EventSource[Any]:
        created = self._created(declaration)
        if declaration.map_type is MapType.PERF_EVENT_ARRAY:
            return PerfBufferReader(created, codec, **options)
        if declaration.map_type is MapType.RINGBUF:
            return RingBufferReader(created, codec, count_lost=lost_counter(self.object, created), **options)
        raise UsageError(f"{declaration} has no events")

    def _open_reader(self, declaration: EventMap, options: Mapping[str, Any]) -> EventReader[Any]:
        return self._read.enter_context(closing(super()._open_reader(declaration, options)))
