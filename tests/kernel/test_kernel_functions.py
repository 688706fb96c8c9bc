"""Functions of the kernel and what they are called with; each road that this kernel has, also in machines."""

from __future__ import annotations

import errno
import socket
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from osmia.errors import KernelError, PermissionDeniedError, VerifierError
from osmia.loader import (
    ArrayHandle,
    EventBytes,
    LoadedObject,
    RingBufferReader,
    bytes_handle,
    load_object,
    read_object,
)
from osmia.sys import RUNNING_KERNEL

pytestmark = pytest.mark.core

ENTRY, EXIT, PROBE, RETURN, HOOK = range(5)


def big_endian(number: int) -> bytes:
    return number.to_bytes(2, "big")


def load(folder: Path, name: str, **variables: bytes) -> LoadedObject:
    return load_object(read_object((folder / f"{name}.o").read_bytes()), variables=variables)


def counters(loaded: LoadedObject) -> list[int]:
    handle = bytes_handle(loaded.maps["seen"])
    assert isinstance(handle, ArrayHandle)
    return [int.from_bytes(handle[index], "little") for index in range(len(handle))]


@contextmanager
def server() -> Generator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


def test_kprobes(prebuilt_objects: Path) -> None:
    if RUNNING_KERNEL.event_source("kprobe") is None:
        pytest.skip("the kernel has no kprobes")
    with server() as port, load(prebuilt_objects, "kprobes", port=big_endian(port)) as loaded:
        begin, end = loaded.programs["probed"], loaded.programs["returned"]
        with begin.attach_kprobe("tcp_connect"), end.attach_kprobe("tcp_connect", at_return=True):
            socket.create_connection(("127.0.0.1", port)).close()
        found = counters(loaded)
    assert (found[PROBE], found[RETURN]) == (1, 1)


def test_trampolines(prebuilt_objects: Path) -> None:
    with server() as port:
        try:
            loaded = load(prebuilt_objects, "fentry", port=big_endian(port))
        except (PermissionDeniedError, VerifierError, KernelError):
            if RUNNING_KERNEL.event_source("kprobe") is not None:
                raise
            pytest.skip("the kernel has no trampolines: CONFIG_FUNCTION_TRACER")
        with loaded:
            begin, end = loaded.programs["entered"], loaded.programs["left"]
            with begin.attach_typed(), end.attach_typed():
                socket.create_connection(("127.0.0.1", port)).close()
            found = counters(loaded)
    assert (found[ENTRY], found[EXIT]) == (1, 1)


def test_a_security_hook_forbids(prebuilt_objects: Path) -> None:
    active = Path("/sys/kernel/security/lsm")
    if not active.exists() or "bpf" not in active.read_text().split(","):
        pytest.skip("bpf is not among the kernel's security modules")
    with server() as port, server() as other:
        with load(prebuilt_objects, "lsm", forbidden_port=big_endian(port)) as loaded:
            with loaded.programs["asked"].attach_typed():
                with pytest.raises(PermissionError):
                    socket.create_connection(("127.0.0.1", port))
                socket.create_connection(("127.0.0.1", other)).close()
            found = counters(loaded)
    assert found[HOOK] == 1


def connections(loaded: LoadedObject, *ports: int) -> list[tuple[bytes, int, int]]:
    """Address, port and result of what the example saw of these ports."""
    with RingBufferReader(loaded.maps["connections"], EventBytes()) as reader:
        events = reader.read(timeout=5)
    found = [
        (event[20:24], int.from_bytes(event[24:26], "big"), int.from_bytes(event[28:32], "little"))
        for event in events
    ]
    return [each for each in found if each[1] in ports]


@pytest.mark.parametrize("road", ["kprobes", "BTF tracepoint"])
def test_the_example_tcp_connect(prebuilt_objects: Path, road: str) -> None:
    if road == "kprobes" and RUNNING_KERNEL.event_source("kprobe") is None:
        pytest.skip("the kernel has no kprobes")
    with ExitStack() as open_things:
        loaded = open_things.enter_context(load(prebuilt_objects, "tcp_connect"))
        programs = loaded.programs
        if road == "kprobes":
            open_things.enter_context(programs["connect_begins"].attach_kprobe("tcp_connect"))
            open_things.enter_context(programs["connect_ends"].attach_kprobe("tcp_set_state"))
        else:
            open_things.enter_context(programs["state_changes"].attach_typed())
        port = open_things.enter_context(server())
        socket.create_connection(("127.0.0.1", port)).close()
        closed = open_things.enter_context(socket.socket())
        closed.bind(("127.0.0.1", 0))
        refusing = closed.getsockname()[1]
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", refusing))
        made = connections(loaded, port, refusing)
    address = bytes([127, 0, 0, 1])
    assert made == [(address, port, 0), (address, refusing, errno.ECONNREFUSED)]
