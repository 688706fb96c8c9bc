"""What is read of the machine, from files as the kernel writes them."""

from __future__ import annotations

from pathlib import Path

import pytest

from osmia.monitor import host
from osmia.monitor.model import LinkCounters

ROUTE = """Iface	Destination	Gateway 	Flags	RefCnt	Use	Metric	Mask		MTU	Window	IRTT
wlan0	00000000	0102A8C0	0003	0	0	600	00000000	0	0	0
eth0	00000000	0100000A	0003	0	0	100	00000000	0	0	0
eth0	0000000A	00000000	0001	0	0	100	000000FF	0	0	0
"""
ROUTE6 = (
    "00000000000000000000000000000000 00 00000000000000000000000000000000 00 "
    "fe800000000000000000000000000001 00000400 00000001 00000000 00000003     eth0\n"
    "00000000000000000000000000000000 00 00000000000000000000000000000000 00 "
    "00000000000000000000000000000000 ffffffff 00000001 00000000 00200200       lo\n"
)
FIB_TRIE = """Main:
  +-- 0.0.0.0/0 3 0 5
     |-- 10.0.0.0
        /24 link UNICAST
     |-- 10.0.0.5
        /32 host LOCAL
     |-- 10.0.0.255
        /32 link BROADCAST
"""
IF_INET6 = "20010db8000000000000000000000005 02 40 00 80     eth0\n"
TCP = """  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1
   1: 0500000A:0016 630200C0:D431 01 00000000:00000000 02:0009C3A2 00000000     0        0 2
   2: 0500000A:0050 640200C0:D431 01 00000000:00000000 02:0009C3A2 00000000     0        0 3
"""
TCP6 = """  sl  local_address                         remote_address                        st
   0: B80D0120000000000000000005000000:0016 B80D0120000000000000000022000000:D431 01
   1: 0000000000000000FFFF00000500000A:0016 0000000000000000FFFF0000620200C0:D431 01
"""
DEV = """Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo
  eth0: 1000      10    0    0    0     0          0         0     2000      20    0    0    0     0     0
"""


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    contents = {
        "route": ROUTE,
        "ipv6_route": ROUTE6,
        "fib_trie": FIB_TRIE,
        "if_inet6": IF_INET6,
        "tcp": TCP,
        "tcp6": TCP6,
        "dev": DEV,
        "resolv.conf": "nameserver 10.0.0.53\nnameserver nonsense\n",
    }
    for name, content in contents.items():
        (tmp_path / name).write_text(content)
    monkeypatch.setattr(host, "PROC_NET", tmp_path)
    monkeypatch.setattr(host, "RESOLV_CONF", tmp_path / "resolv.conf")
    return tmp_path


def test_the_default_route_of_lowest_metric_names_the_interface(files: Path) -> None:
    assert host.default_interface() == "eth0"
    (files / "route").unlink()
    assert host.default_interface() == "eth0"
    (files / "ipv6_route").unlink()
    assert host.default_interface() is None


def test_addresses_that_are_not_to_be_blocked() -> None:
    found = {str(entry.address): entry.because for entry in host.protected_addresses({})}
    assert found == {
        "2001:db8::5": "it is an address of this machine",
        "10.0.0.5": "it is an address of this machine",
        "192.168.2.1": "it is the gateway of the default route",
        "10.0.0.1": "it is the gateway of the default route",
        "fe80::1": "it is the gateway of the default route",
        "10.0.0.53": "it is a name server of this machine",
        "192.0.2.99": "it is the peer of an established SSH session",
        "2001:db8::22": "it is the peer of an established SSH session",
        "192.0.2.98": "it is the peer of an established SSH session",
    }


def test_the_session_that_started_the_monitor_is_protected_on_any_port() -> None:
    session = {"SSH_CONNECTION": "192.0.2.7 50000 10.0.0.5 80"}
    found = {str(entry.address) for entry in host.protected_addresses(session)}
    assert {"192.0.2.7", "192.0.2.100"} <= found


def test_the_interfaces_own_counters() -> None:
    assert host.link_counters("eth0") == LinkCounters(10, 1000, 20, 2000)
    assert host.link_counters("eth1") is None


@pytest.mark.parametrize("name", ["route", "ipv6_route", "fib_trie", "if_inet6", "tcp", "tcp6", "dev"])
@pytest.mark.parametrize("content", ["", "\n\n", "x\n", "\0\xff" * 100])
def test_files_of_another_shape_are_no_traceback(files: Path, name: str, content: str) -> None:
    (files / name).write_text(content)
    host.protected_addresses({"SSH_CONNECTION": "nonsense 1 2"})
    host.default_interface()
    host.link_counters("eth0")
