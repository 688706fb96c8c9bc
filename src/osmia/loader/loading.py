"""ObjectSpec -> maps, BTF and programs in the kernel."""

from __future__ import annotations

import errno
from collections.abc import Mapping
from contextlib import ExitStack
from types import MappingProxyType, TracebackType
from typing import Self

from osmia.btf import encode_btf
from osmia.errors import KernelError, UsageError
from osmia.loader.btf_loading import load_btf
from osmia.loader.core_relocation import relocated
from osmia.loader.kernel_functions import find_kernel_functions, open_modules
from osmia.loader.kernel_hooks import hook_of
from osmia.loader.kernel_types import KernelTypes
from osmia.loader.linking import link_program
from osmia.loader.map_object import MapObject, create_map
from osmia.loader.memory_lock import with_memory_lock
from osmia.loader.missing_helper import missing_helper
from osmia.loader.permission import check_permission, refused
from osmia.loader.program import ProgramHandle
from osmia.loader.program_array import set_program
from osmia.loader.specification import MapSpec, ObjectSpec, ProgramSpec
from osmia.loader.verifier import explain
from osmia.sys import RUNNING_KERNEL, Descriptor, Kernel, ProgramImage

_LOG_SIZE = 1 << 20
_LARGEST_LOG = 1 << 26
_STATISTICS = 4
"""BPF_LOG_STATS (Linux 5.2): the verifier's last words only."""


class LoadedObject:
    """An object's maps and programs in the kernel; closing it gives up all of them.

    A program stays in the kernel as long as a link of it is open.
    """

    def __init__(
        self,
        spec: ObjectSpec,
        programs: Mapping[str, ProgramHandle],
        maps: Mapping[str, MapObject],
        notes: tuple[str, ...],
        resources: ExitStack,
        statistics: Mapping[str, str] | None = None,
    ) -> None:
        self.spec = spec
        self.programs: Mapping[str, ProgramHandle] = MappingProxyType(dict(programs))
        self.maps: Mapping[str, MapObject] = MappingProxyType(dict(maps))
        self.notes = notes
        """What did not go as the object asked, in sentences: BTF that this kernel refused."""
        self.statistics: Mapping[str, str] = MappingProxyType(dict(statistics or {}))
        """What the verifier says of its work on each program, where that was asked for."""
        self._resources = resources

    def close(self) -> None:
        """Close all descriptors; a second call does nothing."""
        self._resources.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def load_object(
    spec: ObjectSpec,
    *,
    variables: Mapping[str, bytes] | None = None,
    kernel: Kernel = RUNNING_KERNEL,
    with_statistics: bool = False,
) -> LoadedObject:
    """Create the maps of an object and have the verifier check its programs (Linux 5.10).

    `variables` gives global variables new contents before anything runs; `with_statistics` asks the verifier
    for its statistics. Nothing is attached, and nothing stays open when this fails.

    Raises:
        PermissionDeniedError: a capability is missing, or the kernel refuses.
        VerifierError: the verifier refused a program.
        UsageError: a variable that does not exist, or whose size differs.
        NotSupportedError: the programs read kernel structures, and the kernel does not show its types; or
            they call a helper or a function of the kernel that this kernel does not have.
        KernelError: anything else that the kernel refuses.
    """
    contents = _data_contents(spec, variables or {})
    types = {program.type for program in spec.programs.values()}
    map_types = {map_spec.type for map_spec in spec.maps.values()}
    check_permission(kernel, types, "load BPF programs", map_types)
    kernel_types = KernelTypes(kernel)
    programs_here = [relocated(program, spec.btf, kernel_types) for program in spec.programs.values()]
    with ExitStack() as resources:
        notes: list[str] = []
        btf_descriptor = 0
        if spec.btf is not None:
            loaded = load_btf(kernel, spec.btf, encode_btf(spec.btf))
            if loaded.note:
                notes.append(loaded.note)
            if loaded.fd is not None:
                btf_descriptor = resources.enter_context(Descriptor(kernel, loaded.fd, "BTF")).fileno()
        maps: dict[str, MapObject] = {}
        for map_spec in spec.maps.values():
            created = create_map(kernel, map_spec, btf_descriptor)
            maps[map_spec.name] = resources.enter_context(created)
            _fill(created, map_spec, contents.get(map_spec.name))
        descriptors = {name: created.fileno() for name, created in maps.items()}
        programs: dict[str, ProgramHandle] = {}
        statistics: dict[str, str] = {}
        for program in programs_here:
            places = find_kernel_functions(program, kernel_types)
            modules = {
                name: resources.enter_context(opened).fileno()
                for name, opened in open_modules(kernel, places).items()
            }
            image = link_program(program, spec.license, descriptors, btf_descriptor, places, modules)
            with hook_of(kernel, program, kernel_types) as hook:
                log = bytearray(_LOG_SIZE) if with_statistics else None
                fd = load_program(kernel, program, hook.into(image), log)
                statistics[program.name] = _text(log or b"")
            descriptor = resources.enter_context(Descriptor(kernel, fd, f"program {program.name!r}"))
            programs[program.name] = ProgramHandle(kernel, descriptor, program)
        for map_spec in spec.maps.values():
            _fill_maps(maps[map_spec.name], map_spec, maps)
            _fill_programs(maps[map_spec.name], map_spec, programs)
        return LoadedObject(spec, programs, maps, tuple(notes), resources.pop_all(), statistics)


def _data_contents(spec: ObjectSpec, variables: Mapping[str, bytes]) -> dict[str, bytes]:
    """The contents of the data sections, with the variables set."""
    contents = {
        name: bytearray(map_spec.contents)
        for name, map_spec in spec.maps.items()
        if map_spec.contents is not None
    }
    for name, value in variables.items():
        found = spec.variable(name)
        if found is None:
            known = sorted(variable.name for each in spec.maps.values() for variable in each.variables)
            raise UsageError(f"no global variable {name!r}", f"there is: {', '.join(known) or 'none'}")
        map_spec, variable = found
        if len(value) != variable.size:
            raise UsageError(f"variable {name!r} has {variable.size} bytes, not {len(value)}")
        contents[map_spec.name][variable.offset : variable.offset + variable.size] = value
    return {name: bytes(data) for name, data in contents.items()}


def _fill(created: MapObject, spec: MapSpec, contents: bytes | None) -> None:
    if contents is None:
        return
    if any(contents):
        created.kernel.map_update(created.fileno(), bytes(4), contents)
    if spec.frozen:
        created.kernel.map_freeze(created.fileno())


def _fill_maps(created: MapObject, spec: MapSpec, maps: Mapping[str, MapObject]) -> None:
    for key, name in spec.maps.items():
        if name not in maps:
            raise UsageError(f"map {spec.name!r} has {name!r} at {key}, which is no map of the object")
        value = maps[name].fileno().to_bytes(4, "little")
        created.kernel.map_update(created.fileno(), key.to_bytes(spec.key_size, "little"), value)


def _fill_programs(created: MapObject, spec: MapSpec, programs: Mapping[str, ProgramHandle]) -> None:
    for index, name in spec.programs.items():
        if name not in programs:
            raise UsageError(f"map {spec.name!r} has {name!r} at {index}, which is no program of the object")
        set_program(created, index, programs[name])


def load_program(
    kernel: Kernel, program: ProgramSpec, image: ProgramImage, statistics: bytearray | None = None
) -> int:
    """Load one program, without a log; only a refused one is loaded again with the log, to explain it.

    `statistics` takes the verifier's statistics.
    """
    try:
        return with_memory_lock(kernel, lambda: kernel.program_load(image, statistics, _STATISTICS))
    except KernelError as error:
        failure = error
    size = _LOG_SIZE
    while True:
        log = bytearray(size)
        try:
            return kernel.program_load(image, log)
        except KernelError as error:
            if error.errno == errno.ENOSPC and size < _LARGEST_LOG:
                size *= 4
                continue
            text = _text(log)
        missing = missing_helper(program, text)
        if missing is not None:
            raise missing from None
        if text.strip():
            raise explain(program, text) from None
        if failure.errno == errno.EPERM:
            raise refused(f"load program {program.name!r}") from None
        raise failure from None


def _text(log: bytes | bytearray) -> str:
    return bytes(log).split(b"\0", 1)[0].decode(errors="replace")
