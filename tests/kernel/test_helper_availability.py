"""The table of helpers against this kernel: nothing that it allows is refused, first kernels are right."""

from __future__ import annotations

import os
import re

import pytest

from osmia.loader.helper_probe import probe_helpers
from osmia.sys import RUNNING_KERNEL
from osmia.uapi import AttachType, ProgramFlags, ProgramType
from osmia.uapi.helper_availability import AVAILABILITY

pytestmark = pytest.mark.core

PROBES = [
    (ProgramType.SOCKET_FILTER, 0, 0),
    (ProgramType.KPROBE, 0, 0),
    (ProgramType.SCHED_CLS, 0, 0),
    (ProgramType.TRACEPOINT, 0, 0),
    (ProgramType.XDP, 0, 0),
    (ProgramType.PERF_EVENT, 0, 0),
    (ProgramType.CGROUP_SKB, AttachType.CGROUP_INET_INGRESS, 0),
    (ProgramType.CGROUP_SOCK, AttachType.CGROUP_INET_SOCK_CREATE, 0),
    (ProgramType.LWT_XMIT, 0, 0),
    (ProgramType.SOCK_OPS, 0, 0),
    (ProgramType.SK_SKB, 0, 0),
    (ProgramType.CGROUP_DEVICE, 0, 0),
    (ProgramType.SK_MSG, 0, 0),
    (ProgramType.RAW_TRACEPOINT, 0, 0),
    (ProgramType.CGROUP_SOCK_ADDR, AttachType.CGROUP_INET4_CONNECT, 0),
    (ProgramType.FLOW_DISSECTOR, 0, 0),
    (ProgramType.CGROUP_SYSCTL, 0, 0),
    (ProgramType.CGROUP_SOCKOPT, AttachType.CGROUP_SETSOCKOPT, 0),
    (ProgramType.SK_LOOKUP, AttachType.SK_LOOKUP, 0),
    (ProgramType.SYSCALL, 0, ProgramFlags.SLEEPABLE),
]


@pytest.mark.parametrize(("type", "attach_type", "flags"), PROBES, ids=[each[0].name for each in PROBES])
def test_what_the_kernel_allows_is_no_compile_error(type: ProgramType, attach_type: int, flags: int) -> None:
    probe = probe_helpers(RUNNING_KERNEL, type, attach_type, flags)
    if probe is None:
        pytest.skip(f"no program of type {type.name} can be loaded here")
    assert len(probe.allowed) > 20
    assert {name for name in probe.allowed if type not in AVAILABILITY[name].program_types} == set()


def test_first_kernels() -> None:
    probe = probe_helpers(RUNNING_KERNEL, ProgramType.XDP)
    assert probe is not None
    match = re.match(r"(\d+)\.(\d+)", os.uname().release)
    assert match is not None
    release = int(match[1]), int(match[2])
    promised = {
        name for name, where in AVAILABILITY.items() if tuple(map(int, where.since.split("."))) <= release
    }
    assert promised <= probe.known
    if "Debian" in os.uname().version:  # which brings no helper of a later kernel
        assert promised == probe.known


def test_a_helper_for_tc_is_none_for_xdp() -> None:
    probe = probe_helpers(RUNNING_KERNEL, ProgramType.XDP)
    assert probe is not None
    assert "xdp_adjust_head" in probe.allowed
    assert "skb_load_bytes" in probe.known - probe.allowed
