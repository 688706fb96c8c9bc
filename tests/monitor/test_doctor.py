"""What the doctor finds, with rights and without."""

from __future__ import annotations

import json
import os
import socket
import struct
import subprocess
import sys
from typing import Any

import pytest

import osmia
from osmia import Answer
from osmia.monitor.doctor import Finding, can_run, findings_text
from osmia.monitor.doctor.xdp_features import attributes, driver_has_xdp
from tests.builders.network import veth_pair


def doctor(*arguments: str, rights: str = "") -> tuple[int, dict[str, dict[str, Any]]]:
    command = [sys.executable, "-m", "osmia.cli.main", "monitor", "doctor", "--json", *arguments]
    if rights:
        command = ["setpriv", f"--bounding-set={rights}", "--inh-caps=-all", *command]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment)
    assert done.stderr == ""
    answer = json.loads(done.stdout)
    assert answer["can_run"] is (done.returncode == 0)
    return done.returncode, {finding["name"]: finding for finding in answer["findings"]}


@pytest.mark.kernel
def test_with_all_rights_it_can_run() -> None:
    code, found = doctor("lo")
    assert code == 0
    for name in ("CAP_BPF", "CAP_NET_ADMIN", "the monitor's programs", "perf buffers", "lo: generic XDP"):
        assert found[name]["answer"] == "yes", name
    assert found["lo: native XDP"]["answer"] in ("no", "cannot tell")
    assert found["package textual"]["answer"] == "yes"


@pytest.mark.requires_tool("setpriv")
@pytest.mark.skipif(os.geteuid() != 0, reason="only root has rights to give up")
def test_without_rights_it_says_what_is_missing_and_how_to_give_it() -> None:
    code, found = doctor("lo", rights="-all")
    assert code == 77
    assert found["CAP_BPF"]["answer"] == "no"
    assert "osmia-monitor.service" in found["CAP_BPF"]["help"]
    assert found["the monitor's programs"]["answer"] == "no"
    assert "CAP_BPF" in found["the monitor's programs"]["detail"]
    assert found["XDP programs"]["answer"] == "cannot tell"


@pytest.mark.kernel
@pytest.mark.requires_tool("setpriv")
@pytest.mark.parametrize(
    ("missing", "fails"),
    [("perfmon", "CAP_PERFMON"), ("net_admin", "CAP_NET_ADMIN"), ("bpf", "CAP_BPF")],
)
def test_each_of_the_three_capabilities_is_missed(missing: str, fails: str) -> None:
    given = ",".join(f"+{name}" for name in ("bpf", "net_admin", "perfmon") if name != missing)
    code, found = doctor("lo", rights=f"-all,{given}")
    assert code == 77
    assert found[fails]["answer"] == "no"
    others = {"CAP_BPF", "CAP_NET_ADMIN", "CAP_PERFMON"} - {fails}
    assert {found[name]["answer"] for name in others} == {"yes"}


def test_an_unknown_interface_is_named_with_those_that_exist() -> None:
    code, found = doctor("osmia-none")
    assert code == 77
    assert "lo" in found["interface osmia-none"]["detail"]


@pytest.mark.kernel
@pytest.mark.requires_tool("ip")
def test_drivers_are_asked_and_not_tried() -> None:
    assert driver_has_xdp(socket.if_nametoindex("lo")) in (False, None)
    assert driver_has_xdp(2**31 - 1) is None
    with veth_pair() as (here, _), here.inside():
        assert driver_has_xdp(socket.if_nametoindex(here.interface)) in (True, None)


@pytest.mark.parametrize(
    "content", [b"", b"\x04", struct.pack("=HH", 3, 1), struct.pack("=HH", 9, 1) + b"1234"]
)
def test_damaged_attributes_end_the_walk(content: bytes) -> None:
    assert list(attributes(content)) == []
    whole = struct.pack("=HH", 6, 0x8001) + b"ab\0\0"
    assert list(attributes(whole + content)) == [(1, b"ab")]


def test_only_what_is_required_decides() -> None:
    optional = Finding("tcx", Answer.NO, "needs Linux 6.6")
    unknown = Finding("XDP", Answer.UNKNOWN, required=True, help="ask root")
    missing = Finding("CAP_BPF", Answer.NO, help="use sudo", required=True)
    assert can_run([optional, unknown])
    assert not can_run([optional, missing])
    text = findings_text([optional, unknown, missing])
    assert "cannot tell  XDP" in text
    assert "-> use sudo" in text
    assert text.endswith("osmia monitor cannot run here: CAP_BPF")


def test_features_are_public() -> None:
    found = {feature.name: feature for feature in osmia.features()}
    assert {"XDP programs", "tcx", "LPM trie", "kernel BTF", "bpffs"} <= set(found)
    assert all(isinstance(feature, osmia.Feature) for feature in found.values())
    assert all(feature.reason for feature in found.values() if feature.answer is not Answer.YES)
