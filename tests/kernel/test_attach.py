"""Programs on the hooks of interfaces, between namespaces made for the test."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from osmia.errors import AlreadyAttachedError, NotSupportedError, UnknownInterfaceError, UsageError
from osmia.loader import (
    ArrayHandle,
    IntegerCodec,
    LoadedObject,
    PerCpuArrayHandle,
    XdpMode,
    load_object,
    read_object,
)
from osmia.loader.features import Answer, Features
from osmia.sys import RUNNING_KERNEL
from osmia.uapi import AttachType, XdpFlags
from tests.builders.clang import compile_c
from tests.builders.network import Host, veth_pair

pytestmark = [pytest.mark.requires_tool("clang", "ip")]

SOURCE = """
struct { __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY); __uint(max_entries, 1);
         __type(key, __u32); __type(value, __u64); } received SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 2);
         __type(key, __u32); __type(value, __u64); } sent SEC(".maps");
static const __u8 mark[6] = {0x02, 0, 0, 0, 0, 0x77};

SEC("xdp") int count(struct xdp_md *ctx)
{
    __u8 *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
    __u32 zero = 0;
    __u64 *value = bpf_map_lookup_elem(&received, &zero);
    if (value && data + 14 <= end && data[5] == 0x77)
        *value += 1;
    return XDP_PASS;
}
SEC("xdp") int other(struct xdp_md *ctx) { return XDP_PASS; }
SEC("tc") int egress(struct __sk_buff *skb)
{
    __u32 frames = 0, bytes = 1;
    __u64 *value = bpf_map_lookup_elem(&sent, &frames), *length = bpf_map_lookup_elem(&sent, &bytes);
    if (value && length) {
        __sync_fetch_and_add(value, 1);
        __sync_fetch_and_add(length, skb->len);
    }
    return -1;
}
"""
FRAME = bytes.fromhex("02000000007702000000000188b5") + bytes(86)
U64 = IntegerCodec(8)


@pytest.fixture
def hosts() -> Iterator[tuple[Host, Host]]:
    with veth_pair() as pair:
        yield pair


@pytest.fixture
def loaded() -> Iterator[LoadedObject]:
    with load_object(read_object(compile_c(SOURCE))) as loaded:
        yield loaded


def wait_for(condition: Callable[[], bool]) -> bool:
    """Whether it comes true soon: packets between hosts take their time."""
    deadline = time.monotonic() + 10
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.01)
    return condition()


@pytest.mark.parametrize(
    ("flags", "mode"),
    [
        (XdpFlags(0), XdpMode.NATIVE),
        (XdpFlags.DRV_MODE, XdpMode.NATIVE),
        (XdpFlags.SKB_MODE, XdpMode.GENERIC),
        (XdpFlags.UPDATE_IF_NOEXIST, XdpMode.NATIVE),
        (XdpFlags.SKB_MODE | XdpFlags.UPDATE_IF_NOEXIST, XdpMode.GENERIC),
    ],
)
def test_xdp_counts_every_frame(
    hosts: tuple[Host, Host], loaded: LoadedObject, flags: XdpFlags, mode: XdpMode
) -> None:
    a, b = hosts
    received = PerCpuArrayHandle(loaded.maps["received"], U64)
    with b.inside(), loaded.programs["count"].attach_xdp(b.interface, flags) as link:
        assert link.mode is mode
        assert link.program_id == loaded.programs["count"].id
        a.send(*[FRAME] * 50)
        assert wait_for(lambda: received[0].sum() == 50)
    assert not link.attached
    a.send(FRAME)
    assert received[0].sum() == 50
    with b.inside():
        assert RUNNING_KERNEL.xdp_state(RUNNING_KERNEL.interface_index(b.interface) or 0).program_ids() == ()


def test_taken_hook_names_its_holder(hosts: tuple[Host, Host], loaded: LoadedObject) -> None:
    _, b = hosts
    count, other = loaded.programs["count"], loaded.programs["other"]
    with b.inside(), count.attach_xdp(b.interface, XdpFlags.SKB_MODE):
        for flags in (XdpFlags(0), XdpFlags.SKB_MODE, XdpFlags.DRV_MODE):
            with pytest.raises(AlreadyAttachedError) as caught:
                other.attach_xdp(b.interface, flags)
            assert (caught.value.program_name, caught.value.program_id) == ("count", count.id)
            assert caught.value.hook == f"XDP on {b.interface}"


def test_hook_taken_without_a_link_names_its_holder(
    hosts: tuple[Host, Host], loaded: LoadedObject, tmp_path: Path
) -> None:
    _, b = hosts
    with b.inside():
        foreign = tmp_path / "foreign.o"
        foreign.write_bytes(compile_c('SEC("xdp") int foreign(struct xdp_md *ctx) { return XDP_PASS; }'))
        try:
            b.run("ip", "link", "set", b.interface, "xdp", "object", str(foreign), "section", "xdp")
        except RuntimeError as error:
            pytest.skip(f"ip cannot load the object: {error}")
        with pytest.raises(AlreadyAttachedError) as caught:
            loaded.programs["other"].attach_xdp(b.interface)
        assert caught.value.program_name == "foreign"


def test_unknown_interface_names_the_known_ones(hosts: tuple[Host, Host], loaded: LoadedObject) -> None:
    _, b = hosts
    with b.inside():
        with pytest.raises(UnknownInterfaceError) as caught:
            loaded.programs["count"].attach_xdp("eth9")
        assert set(caught.value.known) == {"lo", b.interface}
        with pytest.raises(UnknownInterfaceError):
            loaded.programs["egress"].attach_tcx("eth9", AttachType.TCX_EGRESS)


@pytest.mark.parametrize(
    "flags", [XdpFlags.SKB_MODE | XdpFlags.DRV_MODE, XdpFlags.REPLACE, XdpFlags(0x100), XdpFlags.HW_MODE]
)
def test_impossible_flags_are_refused(
    hosts: tuple[Host, Host], loaded: LoadedObject, flags: XdpFlags
) -> None:
    _, b = hosts
    error = NotSupportedError if flags == XdpFlags.HW_MODE else UsageError
    with b.inside(), pytest.raises(error):
        loaded.programs["count"].attach_xdp(b.interface, flags)


def test_tcx_sees_what_is_sent(hosts: tuple[Host, Host], loaded: LoadedObject) -> None:
    if Features(RUNNING_KERNEL).feature("tcx").answer is not Answer.YES:
        with hosts[0].inside(), pytest.raises(NotSupportedError, match="tcx"):
            loaded.programs["egress"].attach_tcx(hosts[0].interface, AttachType.TCX_EGRESS)
        pytest.skip("tcx: needs Linux 6.6")
    a, _ = hosts
    sent = ArrayHandle(loaded.maps["sent"], U64)
    egress = loaded.programs["egress"]
    with a.inside(), egress.attach_tcx(a.interface, AttachType.TCX_EGRESS) as link:
        assert link.hook == f"tcx egress on {a.interface}"
        a.send(FRAME, FRAME, FRAME[:60])
        assert wait_for(lambda: sent[0] == 3)
        assert sent[1] == 260
        with pytest.raises(AlreadyAttachedError) as caught:
            egress.attach_tcx(a.interface, AttachType.TCX_EGRESS)
        assert caught.value.program_id == egress.id
        with pytest.raises(UsageError):
            egress.attach_tcx(a.interface, AttachType.XDP)
    a.send(FRAME)
    assert sent[0] == 3


def test_interface_that_goes_away_does_not_break_detach(loaded: LoadedObject) -> None:
    with veth_pair() as (_, b):
        with b.inside():
            link = loaded.programs["count"].attach_xdp(b.interface)
            b.run("ip", "link", "del", b.interface)
        link.detach()
        link.detach()
        assert not link.attached
