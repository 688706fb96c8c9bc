"""Objects that were compiled elsewhere: each kernel loads and runs them, virtual machines included."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from osmia.errors import NotSupportedError
from osmia.loader import (
    ArrayHandle,
    DataMemory,
    EventBytes,
    HashMapHandle,
    LoadedObject,
    PerCpuHashMapHandle,
    RingBufferReader,
    VariableHandle,
    bytes_handle,
    find_variable,
    load_object,
    lost_counter,
    read_object,
)
from osmia.loader.codec import IntegerCodec
from osmia.uapi import XdpAction

pytestmark = pytest.mark.core

SOURCE, OTHER = bytes([10, 0, 0, 9]), bytes([10, 0, 0, 8])


def frame(source: bytes, ether_type: int = 0x0800) -> bytes:
    """An Ethernet frame and an IPv4 header; only the fields that the programs read are set."""
    ip = bytes([0x45]) + bytes(11) + source + bytes([10, 0, 0, 1])
    return bytes(12) + ether_type.to_bytes(2, "big") + ip + bytes(30)


def load(folder: Path, name: str) -> LoadedObject:
    return load_object(read_object((folder / f"{name}.o").read_bytes()))


def table(loaded: LoadedObject, name: str) -> HashMapHandle[bytes, bytes]:
    handle = bytes_handle(loaded.maps[name])
    assert isinstance(handle, HashMapHandle)
    assert not isinstance(handle, PerCpuHashMapHandle)
    return handle


NEEDS_MORE = ("fentry", "lsm", "long_loop", "xdp_syn_cookie")
"""What not every kernel can load; `test_kernel_functions`, `test_calls_on_kernels` and a test below ask."""


def test_every_object_is_loaded(prebuilt_objects: Path) -> None:
    files = [file for file in sorted(prebuilt_objects.glob("*.o")) if file.stem not in NEEDS_MORE]
    assert files
    for file in files:
        spec = read_object(file.read_bytes())
        with load_object(spec) as loaded:
            assert spec.programs
            assert loaded.programs.keys() == spec.programs.keys()
            assert loaded.maps.keys() == spec.maps.keys()


def test_syn_cookies_load_where_the_helper_is(prebuilt_objects: Path) -> None:
    message = ""
    try:
        load(prebuilt_objects, "xdp_syn_cookie").close()
    except NotSupportedError as error:
        message = str(error)
    assert not message or ("tcp_raw_gen_syncookie_ipv4" in message and message.endswith("needs Linux 6.0"))


def test_pass_passes(prebuilt_objects: Path) -> None:
    with load(prebuilt_objects, "c_xdp_pass") as loaded:
        assert loaded.programs["xdp_pass"].run(frame(SOURCE)).value == XdpAction.PASS


COUNTERS, FIREWALLS = ("c_xdp_counter", "xdp_counter"), ("c_xdp_firewall", "xdp_firewall")


@pytest.mark.parametrize("name", COUNTERS)
def test_counter_counts_from_the_first_packet_and_only_ipv4(prebuilt_objects: Path, name: str) -> None:
    with load(prebuilt_objects, name) as loaded:
        program = loaded.programs["xdp_counter"]
        for packet in (frame(SOURCE), frame(OTHER), frame(SOURCE), frame(SOURCE, 0x86DD), frame(SOURCE)[:20]):
            assert program.run(packet).value == XdpAction.PASS
        counts = {
            key: int.from_bytes(value, "little") for key, value in table(loaded, "packet_count").items()
        }
    assert counts == {SOURCE: 2, OTHER: 1}


@pytest.mark.parametrize("name", FIREWALLS)
def test_firewall_drops_only_the_blocked_source(prebuilt_objects: Path, name: str) -> None:
    with load(prebuilt_objects, name) as loaded:
        program, blocklist = loaded.programs["xdp_firewall"], table(loaded, "blocklist")
        assert program.run(frame(SOURCE)).value == XdpAction.PASS
        blocklist[SOURCE] = (1).to_bytes(4, "little")
        assert program.run(frame(SOURCE)).value == XdpAction.DROP
        assert program.run(frame(OTHER)).value == XdpAction.PASS
        del blocklist[SOURCE]
        assert program.run(frame(SOURCE)).value == XdpAction.PASS


def test_state_of_every_kind(prebuilt_objects: Path) -> None:
    with load(prebuilt_objects, "state") as loaded:
        program = loaded.programs["state"]
        result = program.run(bytes(64), repeat=200)
        assert result.value == XdpAction.DROP
        section, spec = find_variable(loaded, "packets")
        with closing(DataMemory(section)) as memory:
            assert VariableHandle(memory, spec, IntegerCodec(8)).value == 200
        total = table_of(loaded, "guarded")
        assert int.from_bytes(total[:8], "little") == 600
        with RingBufferReader(loaded.maps["connections"], EventBytes()) as reader:
            events = reader.read(0)
        assert (events[0][:16], events[1][:16]) == (
            b"\1" + bytes(7) + b"\x40" + bytes(3),
            b"\2" + bytes(7) + b"\1" + bytes(7),
        )
        sent = sum(event[0] == 2 for event in events)
        assert lost_counter(loaded, loaded.maps["connections"])() == 200 - sent


def table_of(loaded: LoadedObject, name: str) -> bytes:
    """The first value of an array."""
    handle = bytes_handle(loaded.maps[name])
    assert isinstance(handle, ArrayHandle)
    return handle[0]
