"""What is compared: programs of osmia with a C source of the same meaning, and the frames they are given."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.programs.xdp_counter import xdp_counter
from benchmarks.programs.xdp_pass import xdp_pass
from examples.xdp_firewall import xdp_firewall
from osmia.compiler.compile import compile_programs
from osmia.lang import Program
from osmia.loader import MapObject
from osmia.monitor.kernel import monitor_egress, monitor_ingress
from osmia.net import TcpFlags
from osmia.packets import Layers, ethernet, hop_by_hop, ipv4, ipv6, tcp, udp, vlan
from tests.builders.clang import compile_c_file

C_SOURCES = Path(__file__).with_name("c")
SAME_LEVEL = ("-mcpu=v3",)
"""The BPF processor level that osmia compiles for; Debian's clang takes an older one unless told."""


@dataclass(frozen=True)
class Pair:
    """Programs, and the C file that has them under the same names."""

    name: str
    programs: tuple[Program[Any, Any], ...]

    def osmia_object(self) -> bytes:
        """The object that osmia makes."""
        return compile_programs(self.programs)

    def c_object(self, *options: str) -> bytes:
        """The object that clang -O2 makes; ClangError where there is no clang."""
        return compile_c_file(C_SOURCES / f"{self.name}.c", options=("-Wall", "-Werror", *options))


PAIRS = (
    Pair("xdp_pass", (xdp_pass,)),
    Pair("xdp_counter", (xdp_counter,)),
    Pair("xdp_firewall", (xdp_firewall,)),
    Pair("monitor", (monitor_ingress, monitor_egress)),
)


@dataclass(frozen=True)
class Workload:
    """A frame for a program, and what its maps hold before."""

    title: str
    pair: str
    program: str
    frame: bytes
    prepare: Callable[[Mapping[str, MapObject]], None] = lambda maps: None


SOURCE, SOURCE_BYTES = "10.0.0.9", bytes([10, 0, 0, 9])
MAPPED_SOURCE = bytes(10) + b"\xff\xff" + SOURCE_BYTES


def put(target: MapObject, key: bytes, value: bytes) -> None:
    """Set an entry; the same value on each processor where the map has one for each."""
    copies = len(target.kernel.possible_cpus()) if target.per_cpu else 1
    target.kernel.map_update(target.fileno(), key, value * copies)


def block(maps: Mapping[str, MapObject], network: bytes, bits: int, rule: int) -> None:
    """A rule of the monitor's block list, with its counters."""
    number = rule.to_bytes(4, "little")
    put(maps["rule_hits"], number, bytes(16))
    put(maps["blocked"], bits.to_bytes(4, "little") + network, number)


def _block_for_firewall(maps: Mapping[str, MapObject]) -> None:
    put(maps["blocklist"], SOURCE_BYTES, (1).to_bytes(4, "little"))


def _block_for_monitor(maps: Mapping[str, MapObject]) -> None:
    block(maps, MAPPED_SOURCE, 128, 1)


def _frame(packet: Layers) -> bytes:
    return bytes(packet).ljust(60, b"\0")


_TCP = _frame(ethernet() / ipv4(src=SOURCE) / tcp(dport=443, flags=TcpFlags.ACK))
_SYN = _frame(ethernet() / ipv4(src=SOURCE) / tcp(dport=443, flags=TcpFlags.SYN))
_UDP6 = _frame(ethernet() / vlan(vlan_id=7) / ipv6() / hop_by_hop() / udp())

WORKLOADS = (
    Workload("xdp_pass", "xdp_pass", "xdp_pass", _TCP),
    Workload("xdp_counter", "xdp_counter", "xdp_counter", _TCP),
    Workload("xdp_firewall, passed", "xdp_firewall", "xdp_firewall", _TCP),
    Workload("xdp_firewall, dropped", "xdp_firewall", "xdp_firewall", _TCP, _block_for_firewall),
    Workload("monitor, TCP in", "monitor", "monitor_ingress", _TCP),
    Workload("monitor, SYN in", "monitor", "monitor_ingress", _SYN),
    Workload("monitor, VLAN and IPv6 in", "monitor", "monitor_ingress", _UDP6),
    Workload("monitor, dropped", "monitor", "monitor_ingress", _TCP, _block_for_monitor),
    Workload("monitor, TCP out", "monitor", "monitor_egress", _TCP),
)
