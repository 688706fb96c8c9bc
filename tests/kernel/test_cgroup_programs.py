"""Programs on control groups: a process of the group does what they watch, and feels what they decide."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest

import osmia
from osmia import (
    Array,
    ArrayMap,
    CgroupDeviceContext,
    CgroupSkbContext,
    CgroupSockAddrContext,
    CgroupSockAddrProgram,
    CgroupSockContext,
    CgroupSockoptContext,
    CgroupSysctlContext,
    CgroupVerdict,
    CharArray,
    SocketEvents,
    SocketOperation,
    SockOpsContext,
    UsageError,
    be16,
    cgroup_device,
    cgroup_skb,
    cgroup_sock,
    cgroup_sock_addr,
    cgroup_sockopt,
    cgroup_sysctl,
    sock_ops,
    u32,
    u64,
)
from osmia.net import IPv4Address, Ipv4Hdr
from osmia.sys import RUNNING_KERNEL
from osmia.uapi import LinkType
from tests.builders.cgroups import Cgroup, cgroup

PORT, OTHER_PORT = 17170, 17171
counts = ArrayMap(u64, max_entries=4)


@cgroup_skb("egress")
def count_sent(ctx: CgroupSkbContext) -> CgroupVerdict:
    ip = ctx.packet().read(Ipv4Hdr)
    if ip is None:
        return CgroupVerdict.ALLOW
    counts[0] += 1
    counts[1] += u64(ctx.length)
    if ip.dst_addr == IPv4Address("127.0.0.2"):
        return CgroupVerdict.DENY
    return CgroupVerdict.ALLOW


@cgroup_skb("egress")
def deny_sent(ctx: CgroupSkbContext) -> CgroupVerdict:
    return CgroupVerdict.DENY


@cgroup_sock_addr("connect4")
def to_other_port(ctx: CgroupSockAddrContext) -> CgroupVerdict:
    if ctx.user_port == be16(PORT):
        ctx.user_address = IPv4Address("127.0.0.1")
        ctx.user_port = be16(OTHER_PORT)
        counts[0] += 1
    return CgroupVerdict.ALLOW


@cgroup_sock("sock_create")
def no_datagrams(ctx: CgroupSockContext) -> CgroupVerdict:
    ctx.mark = u32(5)
    return CgroupVerdict.DENY if ctx.type == u32(2) else CgroupVerdict.ALLOW


@cgroup_sockopt("setsockopt")
def no_small_buffer(ctx: CgroupSockoptContext) -> CgroupVerdict:
    value = ctx.value().read(Array[u32, Literal[1]])
    if ctx.option == 8 and value is not None and value[0] < 5000:
        return CgroupVerdict.DENY
    return CgroupVerdict.ALLOW


@cgroup_sysctl
def no_reading_of_hostname(ctx: CgroupSysctlContext) -> CgroupVerdict:
    name = ctx.name(CharArray[Literal[32]])
    if ctx.write == 0 and name[0] == 107 and name[7] == 104:
        counts[0] += 1
        return CgroupVerdict.DENY
    return CgroupVerdict.ALLOW


@cgroup_device
def no_random(ctx: CgroupDeviceContext) -> CgroupVerdict:
    return CgroupVerdict.DENY if ctx.major == 1 and ctx.minor == 9 else CgroupVerdict.ALLOW


@sock_ops
def watch_connections(ctx: SockOpsContext) -> int:
    if ctx.operation == SocketOperation.ACTIVE_ESTABLISHED_CB:
        ctx.request(SocketEvents.STATE_CB_FLAG)
        counts[0] += 1
        if ctx.remote_port == osmia.be32(PORT):
            counts[1] += 1
    if ctx.operation == SocketOperation.STATE_CB:
        arguments = ctx.arguments
        if arguments[0] == 1:
            counts[2] += 1
    return 1


@pytest.fixture
def group() -> Iterator[Cgroup]:
    with cgroup() as made:
        yield made


def send(address: str) -> str:
    return f"""
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
try:
    s.sendto(bytes(100), ({address!r}, {PORT}))
except OSError as error:
    print(error.strerror)
"""


def test_what_a_group_sends_is_counted_and_stopped(group: Cgroup) -> None:
    with osmia.load(count_sent, deny_sent) as bpf:
        with bpf[count_sent].attach(group.path) as link:
            assert link.program_id == bpf.program("count_sent").id
            assert group.python(send("127.0.0.1")) == ""
            assert [bpf[counts][index] for index in range(2)] == [1, 128]
            assert group.python(send("127.0.0.2")) == "Operation not permitted"
            link.update(bpf.program("deny_sent"))
            assert group.python(send("127.0.0.1")) == "Operation not permitted"
        assert group.python(send("127.0.0.1")) == ""
        assert bpf[counts][0] == 2


def test_a_packet_runs_through_both_kernels_alike() -> None:
    def frame(destination: str) -> bytes:
        packed = IPv4Address(destination).to_bytes()
        header = bytes([0x45, 0]) + (60).to_bytes(2, "big") + bytes(12) + packed
        return bytes(12) + b"\x08\x00" + header + bytes(40)

    for opened in (osmia.load(count_sent), osmia.simulate(count_sent)):
        with opened as bpf:
            assert bpf[count_sent].run(frame("127.0.0.1")).data == bytes(14) + frame("127.0.0.1")[14:]
            assert bpf[counts][1] in (0, 60)  # BPF_PROG_TEST_RUN gives these programs no packet bounds
    with osmia.simulate(count_sent) as bpf:
        assert bpf[count_sent].run(frame("127.0.0.2")).action is CgroupVerdict.DENY
        with pytest.raises(UsageError, match="is simulated"):
            bpf[count_sent].attach("/")
        with pytest.raises(UsageError, match="Ethernet header"):
            bpf[count_sent].run(bytes(13))


def test_a_connection_goes_where_the_program_says(group: Cgroup) -> None:
    connect = f"""
import socket
s = socket.create_connection(("127.0.0.9", {PORT}), 10)
print(s.getpeername(), s.recv(5))
"""
    with socket.create_server(("127.0.0.1", OTHER_PORT)) as server, osmia.load(to_other_port) as bpf:
        server.settimeout(10)
        with bpf[to_other_port].attach(group.path):

            def serve() -> None:
                peer, _ = server.accept()
                with peer:
                    peer.send(b"moved")

            thread = threading.Thread(target=serve)
            thread.start()
            said = group.python(connect)
            thread.join()
        assert said == f"('127.0.0.1', {OTHER_PORT}) b'moved'"
        assert bpf[counts][0] == 1


def test_the_program_as_plain_python_changes_the_address() -> None:
    with osmia.simulate(to_other_port) as bpf:
        context = CgroupSockAddrContext(user_address=IPv4Address("10.0.0.1"), user_port=PORT)
        assert to_other_port(context) is CgroupVerdict.ALLOW
        assert context.user_port == be16(OTHER_PORT)
        assert bpf[counts][0] == 1


def test_sockets_are_refused_and_marked(group: Cgroup) -> None:
    make = """
import socket
print(socket.socket(socket.AF_INET, socket.SOCK_STREAM).getsockopt(socket.SOL_SOCKET, 36))
try:
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
except OSError as error:
    print(error.strerror)
"""
    with osmia.load(no_datagrams) as bpf, bpf[no_datagrams].attach(str(group.path)):
        assert group.python(make).split("\n") == ["5", "Operation not permitted"]


def test_socket_options_are_refused_by_value(group: Cgroup) -> None:
    set_options = """
import socket
s = socket.socket()
for size in (4000, 9000):
    try:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, size)
        print("set")
    except OSError as error:
        print(error.strerror)
"""
    with osmia.load(no_small_buffer) as bpf, bpf[no_small_buffer].attach(group.path):
        assert group.python(set_options).split("\n") == ["Operation not permitted", "set"]


def test_settings_are_refused_by_name(group: Cgroup) -> None:
    read = """
for name in ("ostype", "hostname"):
    try:
        open("/proc/sys/kernel/" + name).read()
        print("read")
    except OSError as error:
        print(error.strerror)
"""
    with osmia.load(no_reading_of_hostname) as bpf, bpf[no_reading_of_hostname].attach(group.path):
        assert group.python(read).split("\n") == ["read", "Operation not permitted"]
        assert bpf[counts][0] == 1


def test_devices_are_refused(group: Cgroup) -> None:
    opened = """
for name in ("null", "urandom"):
    try:
        open("/dev/" + name, "rb").close()
        print("open")
    except OSError as error:
        print(error.strerror)
"""
    with osmia.load(no_random) as bpf, bpf[no_random].attach(group.path):
        assert group.python(opened).split("\n") == ["open", "Operation not permitted"]


def test_connections_are_told(group: Cgroup) -> None:
    connect = f"import socket\ns = socket.create_connection(('127.0.0.1', {PORT}), 10)\ns.close()\n"
    with socket.create_server(("127.0.0.1", PORT)), osmia.load(watch_connections) as bpf:
        with bpf[watch_connections].attach(group.path):
            assert group.python(connect) == ""
        assert [bpf[counts][index] for index in range(3)] == [1, 1, 1]


def test_a_pinned_link_outlives_its_block(group: Cgroup) -> None:
    bpffs = RUNNING_KERNEL.mounts().get("bpf")
    if bpffs is None:
        pytest.skip("no bpffs is mounted")
    pin = Path(bpffs) / group.path.name
    with osmia.load(deny_sent) as bpf:
        link = bpf[deny_sent].attach(group.path)
        with pytest.raises(UsageError, match="not in a bpffs"):
            link.pin(group.path / "link")
        link.pin(pin)
        with pytest.raises(UsageError, match="taken"):
            link.pin(pin)
        fd = RUNNING_KERNEL.open_pinned(str(pin))
        try:
            assert RUNNING_KERNEL.link_info(fd).type == LinkType.CGROUP
        finally:
            RUNNING_KERNEL.close(fd)
            pin.unlink()


def test_what_is_no_group_is_named(tmp_path: Path) -> None:
    with osmia.load(deny_sent) as bpf:
        with pytest.raises(UsageError, match="no control group"):
            bpf[deny_sent].attach(tmp_path)
        with pytest.raises(UsageError, match="No such file"):
            bpf[deny_sent].attach(tmp_path / "nothing")


def test_an_unknown_hook_is_named() -> None:
    with pytest.raises(ValueError, match="no hook 'accept4'"):
        CgroupSockAddrProgram(to_other_port.function, "accept4")
