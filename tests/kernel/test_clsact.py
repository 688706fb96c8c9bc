"""Traffic control programs as filters of the qdisc clsact: each kernel has it; before 6.6 there is no tcx."""

from __future__ import annotations

import fcntl
import socket
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from osmia.errors import AlreadyAttachedError, UsageError
from osmia.loader import LoadedObject, PerCpuArrayHandle, bytes_handle, load_object, read_object
from osmia.loader.attach.clsact import ClsactLink, attach_clsact
from osmia.loader.attach.tcx import supports_tcx
from osmia.sys import RUNNING_KERNEL, Descriptor
from osmia.uapi import AttachType
from tests.builders.network import Host, veth_pair

FRAME = bytes.fromhex("02000000007702000000000188b5") + bytes(86)
LOOPBACK = 1
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1


@pytest.fixture
def loaded(prebuilt_objects: Path) -> Iterator[LoadedObject]:
    with load_object(read_object((prebuilt_objects / "monitor.o").read_bytes())) as loaded:
        yield loaded


def sent(loaded: LoadedObject, index: int) -> tuple[int, int]:
    """Packets and bytes that the monitor has counted on an interface."""
    totals = bytes_handle(loaded.maps["totals"])
    assert isinstance(totals, PerCpuArrayHandle)
    values = [struct.unpack_from("=6Q", value) for value in totals[index]]
    return sum(value[4] for value in values), sum(value[5] for value in values)


def bring_loopback_up() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = struct.pack("16sh14x", b"lo", 0)
        flags = struct.unpack_from("16xh", fcntl.ioctl(any_socket, SIOCGIFFLAGS, request))[0]
        if not flags & IFF_UP:
            fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | IFF_UP))


@pytest.mark.core
def test_the_monitor_counts_what_goes_out(loaded: LoadedObject) -> None:
    bring_loopback_up()
    program = loaded.programs["monitor_egress"]
    with program.attach_classifier("lo", AttachType.TCX_EGRESS) as link:
        assert isinstance(link, ClsactLink) is not supports_tcx(RUNNING_KERNEL)
        assert link.program_id == program.id
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            for _ in range(10):
                sender.sendto(bytes(100), ("127.0.0.1", 9))
        packets, octets = sent(loaded, LOOPBACK)
        # Others may use the loopback interface as well.
        assert packets >= 10
        assert octets >= 10 * 142


@pytest.mark.core
def test_a_filter_runs_and_leaves_nothing_behind(loaded: LoadedObject) -> None:
    bring_loopback_up()
    program = loaded.programs["monitor_egress"]
    with Descriptor(RUNNING_KERNEL, RUNNING_KERNEL.route_open(), "route netlink") as route:
        before = RUNNING_KERNEL.clsact_kind(route.fileno(), LOOPBACK)
        with attach_clsact(RUNNING_KERNEL, program.fd, program.name, "lo", egress=True) as link:
            assert RUNNING_KERNEL.clsact_kind(route.fileno(), LOOPBACK) == "clsact"
            filters = RUNNING_KERNEL.traffic_filters(route.fileno(), LOOPBACK, egress=True)
            assert (link.priority, program.id) in {(each.priority, each.program_id) for each in filters}
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
                sender.sendto(bytes(100), ("127.0.0.1", 9))
            assert sent(loaded, LOOPBACK)[0] >= 1
        assert not link.attached
        assert RUNNING_KERNEL.clsact_kind(route.fileno(), LOOPBACK) == before


@pytest.fixture
def host() -> Iterator[Host]:
    with veth_pair() as (a, _):
        yield a


@pytest.mark.requires_tool("ip", "tc")
def test_a_qdisc_of_others_stays(host: Host, loaded: LoadedObject) -> None:
    program = loaded.programs["monitor_egress"]
    host.run("tc", "qdisc", "add", "dev", host.interface, "clsact")
    with host.inside(), program.attach_classifier(host.interface, AttachType.TCX_EGRESS, priority=7):
        assert "pref 7 bpf" in host.run("tc", "filter", "show", "dev", host.interface, "egress")
    assert "clsact" in host.run("tc", "qdisc", "show", "dev", host.interface)
    assert host.run("tc", "filter", "show", "dev", host.interface, "egress") == ""


@pytest.mark.requires_tool("ip", "tc")
def test_order_priority_and_detach_from_another_namespace(host: Host, loaded: LoadedObject) -> None:
    program = loaded.programs["monitor_egress"]
    with host.inside():
        links = [
            attach_clsact(RUNNING_KERNEL, program.fd, program.name, host.interface, egress=egress, priority=p)
            for egress, p in ((True, 5), (True, 5), (True, None), (False, None))
        ]
    assert [(link.priority, link.handle) for link in links] == [(5, 1), (5, 2), (6, 1), (1, 1)]
    host.send(FRAME)
    with host.inside():
        index = RUNNING_KERNEL.interface_index(host.interface) or 0
    # All three egress filters ran, since each says NEXT.
    assert sent(loaded, index) == (3, 300)
    for link in links[:-1]:
        link.detach()
        link.detach()
    assert host.run("tc", "filter", "show", "dev", host.interface, "egress") == ""
    assert "clsact" in host.run("tc", "qdisc", "show", "dev", host.interface)
    links[-1].detach()
    assert "clsact" not in host.run("tc", "qdisc", "show", "dev", host.interface)


@pytest.mark.requires_tool("ip", "tc")
def test_what_is_in_the_way_is_named(host: Host, loaded: LoadedObject) -> None:
    program = loaded.programs["monitor_egress"]
    with host.inside():
        with pytest.raises(UsageError, match="0 is no priority"):
            program.attach_classifier(host.interface, AttachType.TCX_EGRESS, priority=0)
        host.run("tc", "qdisc", "add", "dev", host.interface, "ingress")
        with pytest.raises(AlreadyAttachedError, match="'ingress'"):
            program.attach_classifier(host.interface, AttachType.TCX_EGRESS, priority=1)


@pytest.mark.requires_tool("ip", "tc")
def test_a_link_that_is_forgotten_is_detached(host: Host, loaded: LoadedObject) -> None:
    program = loaded.programs["monitor_egress"]
    with host.inside():
        link = program.attach_classifier(host.interface, AttachType.TCX_EGRESS, priority=1)
    del link
    assert "clsact" not in host.run("tc", "qdisc", "show", "dev", host.interface)
