"""System calls on programs, BTF, links and pins."""

from __future__ import annotations

import ctypes
import errno
import os
from collections import Counter
from collections.abc import Iterable
from typing import Literal

from osmia.dataclass import dataclass
from osmia.errors import KernelError
from osmia.sys.maps import bpf, object_info
from osmia.sys.syscall import Syscall, address_of, name_bytes, repeated
from osmia.uapi import records
from osmia.uapi.constants import AttachFlags, AttachType, Command, ProgramType

ObjectKind = Literal["program", "map", "btf", "link"]

_GET_FD = {
    "program": Command.PROG_GET_FD_BY_ID,
    "map": Command.MAP_GET_FD_BY_ID,
    "btf": Command.BTF_GET_FD_BY_ID,
    "link": Command.LINK_GET_FD_BY_ID,
}
_NEXT_ID = {
    "program": Command.PROG_GET_NEXT_ID,
    "map": Command.MAP_GET_NEXT_ID,
    "btf": Command.BTF_GET_NEXT_ID,
    "link": Command.LINK_GET_NEXT_ID,
}
_LONGEST_MODULE_NAME = 64
_LOAD_ATTEMPTS = 5
FUNC_INFO_SIZE = 8
LINE_INFO_SIZE = 16
LARGEST_PACKET = 65_536


@dataclass(frozen=True)
class ProgramImage:
    """What BPF_PROG_LOAD takes: instructions with all references resolved."""

    type: ProgramType
    name: str
    instructions: bytes
    license: str
    attach_type: int = 0
    flags: int = 0
    btf_fd: int = 0
    func_info: bytes = b""
    line_info: bytes = b""
    attach_btf_id: int = 0
    """The kernel's function or tracepoint, as a type of its BTF."""
    attach_btf_fd: int = 0
    """BTF of the module that has it, 0 for the kernel itself."""
    btf_descriptors: tuple[int, ...] = ()
    """BTF of modules whose functions are called, by the number in the call (Linux 5.16)."""


@dataclass(frozen=True)
class TestRunResult:
    """What BPF_PROG_TEST_RUN gave back."""

    __test__ = False

    value: int
    """The program's return value."""
    data: bytes
    """The packet after the last run."""
    context: bytes
    duration: int
    """Nanoseconds of one run, the mean over all repeats, measured by the kernel."""


class ProgramCalls:
    """bpf(2) as far as it works on programs, BTF, links and pins."""

    def program_load(self, image: ProgramImage, log: bytearray | None = None, log_level: int = 1) -> int:
        """Have the verifier check a program; returns its file descriptor.

        The verifier's words go into `log`, ended by a zero byte.
        """
        target = (ctypes.c_char * len(log)).from_buffer(log) if log else None
        license = image.license.encode()
        attributes = records.ProgramLoad(
            prog_type=image.type,
            insn_cnt=len(image.instructions) // 8,
            insns=address_of(image.instructions),
            license=address_of(license),
            prog_flags=image.flags,
            prog_name=name_bytes(image.name),
            expected_attach_type=image.attach_type,
            attach_btf_id=image.attach_btf_id,
        )
        if image.attach_btf_fd:
            attributes.attach_btf_obj_fd = image.attach_btf_fd
        if target is not None and log is not None:
            attributes.log_level = log_level
            attributes.log_buf = ctypes.addressof(target)
            attributes.log_size = len(log)
        if image.btf_fd:
            attributes.prog_btf_fd = image.btf_fd
            attributes.func_info_rec_size = FUNC_INFO_SIZE
            attributes.func_info = address_of(image.func_info)
            attributes.func_info_cnt = len(image.func_info) // FUNC_INFO_SIZE
            attributes.line_info_rec_size = LINE_INFO_SIZE
            attributes.line_info = address_of(image.line_info)
            attributes.line_info_cnt = len(image.line_info) // LINE_INFO_SIZE
        descriptors = (ctypes.c_int * len(image.btf_descriptors))(*image.btf_descriptors)
        if image.btf_descriptors:
            attributes.fd_array = ctypes.addressof(descriptors)
        for attempt in range(_LOAD_ATTEMPTS):
            try:
                return bpf(Command.PROG_LOAD, attributes, f"load program {image.name!r}")
            except KernelError as error:
                # The verifier gives up when a signal is pending.
                if error.errno != errno.EAGAIN or attempt == _LOAD_ATTEMPTS - 1:
                    raise
        raise AssertionError

    def btf_load(self, data: bytes, log: bytearray | None = None) -> int:
        """Give a BTF section to the kernel (Linux 4.18); returns its file descriptor."""
        target = (ctypes.c_char * len(log)).from_buffer(log) if log else None
        attributes = records.BtfLoad(btf=address_of(data), btf_size=len(data))
        if target is not None and log is not None:
            attributes.btf_log_buf = ctypes.addressof(target)
            attributes.btf_log_size = len(log)
            attributes.btf_log_level = 1
        return bpf(Command.BTF_LOAD, attributes, "load BTF")

    def program_test_run(
        self,
        fd: int,
        data: bytes | None,
        *,
        context: bytes | None = None,
        repeat: int = 1,
        data_capacity: int = 0,
        context_capacity: int = 0,
        flags: int = 0,
        batch_size: int = 0,
    ) -> TestRunResult:
        """Run a program on data (Linux 4.12; `context` since 5.2)."""
        output = bytearray(max(data_capacity, 1))
        context_output = bytearray(max(context_capacity, 1))
        output_target = (ctypes.c_char * len(output)).from_buffer(output)
        context_target = (ctypes.c_char * len(context_output)).from_buffer(context_output)
        attributes = records.TestRun(
            prog_fd=fd,
            data_in=address_of(data),
            data_size_in=len(data or b""),
            data_out=ctypes.addressof(output_target) if data_capacity else 0,
            data_size_out=data_capacity,
            ctx_in=address_of(context),
            ctx_size_in=len(context or b""),
            ctx_out=ctypes.addressof(context_target) if context_capacity else 0,
            ctx_size_out=context_capacity,
            repeat=repeat,
            flags=flags,
            batch_size=batch_size,
        )
        bpf(Command.PROG_TEST_RUN, attributes, "run a program on test data")
        return TestRunResult(
            attributes.retval,
            bytes(output[: min(attributes.data_size_out, data_capacity)]),
            bytes(context_output[: min(attributes.ctx_size_out, context_capacity)]),
            attributes.duration,
        )

    def program_test_runs(self, fd: int, packets: Iterable[bytes]) -> Counter[int]:
        """Run a program once on each packet, taken after the run before; how often it returned what."""
        data = ctypes.create_string_buffer(LARGEST_PACKET)
        target, move = ctypes.addressof(data), ctypes.memmove
        attributes = records.TestRun(prog_fd=fd, data_in=target, repeat=1)
        run = repeated(
            Syscall.BPF,
            "run a program on test data",
            Command.PROG_TEST_RUN,
            ctypes.addressof(attributes),
            ctypes.sizeof(attributes),
        )
        returned: Counter[int] = Counter()
        for packet in packets:
            size = len(packet)
            if size > LARGEST_PACKET:
                raise KernelError(errno.EINVAL, f"a packet of {size} bytes cannot be run")
            move(target, packet, size)
            attributes.data_size_in, attributes.data_size_out = size, 0
            run()
            returned[attributes.retval] += 1
        return returned

    def link_create(
        self, program_fd: int, target: int, attach_type: AttachType, flags: int = 0, *, cookie: int = 0
    ) -> int:
        """Attach a program to a hook (Linux 5.7); `target` is an interface index or a descriptor.

        `cookie` is what the program is told at a perf event (Linux 5.15).
        """
        attributes = records.LinkCreate(
            prog_fd=program_fd, target_fd=target, attach_type=attach_type, flags=flags
        )
        if cookie:
            attributes.perf_event.bpf_cookie = cookie
        return bpf(Command.LINK_CREATE, attributes, "attach a program")

    def raw_tracepoint_open(self, program_fd: int, name: str = "") -> int:
        """Attach to a tracepoint's arguments (Linux 4.17); without a name, where its BTF id says."""
        text = ctypes.create_string_buffer(name.encode())
        attributes = records.RawTracepointOpen(name=ctypes.addressof(text) if name else 0, prog_fd=program_fd)
        return bpf(Command.RAW_TRACEPOINT_OPEN, attributes, "attach a program")

    def link_detach(self, fd: int) -> None:
        """Detach a link from its hook while its descriptor stays open (Linux 5.9)."""
        bpf(Command.LINK_DETACH, records.LinkDetach(link_fd=fd), "detach a link")

    def link_update(self, fd: int, program_fd: int, expected_fd: int | None = None) -> None:
        """Put another program in the place of a link's (Linux 5.7); `expected_fd` is the one there now."""
        attributes = records.LinkUpdate(link_fd=fd, new_prog_fd=program_fd)
        if expected_fd is not None:
            attributes.old_prog_fd, attributes.flags = expected_fd, AttachFlags.REPLACE
        bpf(Command.LINK_UPDATE, attributes, "update a link")

    def program_attach(self, program_fd: int, target: int, attach_type: AttachType, flags: int = 0) -> None:
        """Attach a program without a link (Linux 4.10)."""
        attributes = records.ProgramAttach(
            target_fd=target, attach_bpf_fd=program_fd, attach_type=attach_type, attach_flags=flags
        )
        bpf(Command.PROG_ATTACH, attributes, "attach a program")

    def program_detach(self, program_fd: int, target: int, attach_type: AttachType) -> None:
        """Detach a program that was attached without a link (Linux 4.10)."""
        attributes = records.ProgramAttach(
            target_fd=target, attach_bpf_fd=program_fd, attach_type=attach_type
        )
        bpf(Command.PROG_DETACH, attributes, "detach a program")

    def program_query(self, target: int, attach_type: AttachType) -> tuple[int, ...]:
        """Ids of the programs on a hook (64 of them at most)."""
        ids = (ctypes.c_uint32 * 64)()
        attributes = records.ProgramQuery(
            target_fd=target, attach_type=attach_type, prog_ids=ctypes.addressof(ids), count=64
        )
        bpf(Command.PROG_QUERY, attributes, "query a hook")
        return tuple(ids[: min(attributes.count, 64)])

    def program_info(self, fd: int) -> records.ProgramInfo:
        """What the kernel knows of a program, without its instructions."""
        info = records.ProgramInfo()
        object_info(fd, info, "program")
        return info

    def program_instructions(self, fd: int) -> bytes:
        """The instructions as the verifier left them."""
        length = self.program_info(fd).xlated_prog_len
        buffer = bytearray(max(length, 1))
        target = (ctypes.c_char * len(buffer)).from_buffer(buffer)
        info = records.ProgramInfo(xlated_prog_len=length, xlated_prog_insns=ctypes.addressof(target))
        object_info(fd, info, "program")
        # The kernel zeroes the address where it does not show kernel memory to this process.
        return bytes(buffer[: min(info.xlated_prog_len, length)]) if info.xlated_prog_insns else b""

    def link_info(self, fd: int) -> records.LinkInfo:
        """What the kernel knows of a link."""
        info = records.LinkInfo()
        object_info(fd, info, "link")
        return info

    def btf_name(self, fd: int) -> str:
        """The name of a BTF of the kernel's own: "vmlinux" or a module's; empty for one of a process."""
        name = ctypes.create_string_buffer(_LONGEST_MODULE_NAME)
        info = records.BtfInfo(name=ctypes.addressof(name), name_len=len(name))
        object_info(fd, info, "BTF")
        return name.value.decode(errors="replace") if info.kernel_btf else ""

    def fd_by_id(self, kind: ObjectKind, id: int) -> int:
        """Open a kernel object by its id; needs CAP_SYS_ADMIN."""
        return bpf(_GET_FD[kind], records.ObjectId(start_id=id), f"open {kind} {id}")

    def next_id(self, kind: ObjectKind, id: int) -> int | None:
        """The smallest id above `id`, or None at the end; needs CAP_SYS_ADMIN."""
        attributes = records.ObjectId(start_id=id)
        try:
            bpf(_NEXT_ID[kind], attributes, f"list {kind} ids")
        except KernelError as error:
            if error.errno == errno.ENOENT:
                return None
            raise
        return attributes.next_id

    def pin(self, fd: int, path: str) -> None:
        """Give an object a name in a bpffs."""
        encoded = os.fsencode(path)
        attributes = records.PinnedObject(pathname=address_of(encoded), bpf_fd=fd)
        bpf(Command.OBJ_PIN, attributes, f"pin an object at {path!r}")

    def open_pinned(self, path: str, flags: int = 0) -> int:
        """Open the object that stands at a path in a bpffs."""
        encoded = os.fsencode(path)
        attributes = records.PinnedObject(pathname=address_of(encoded), file_flags=flags)
        return bpf(Command.OBJ_GET, attributes, f"open the pinned object {path!r}")
