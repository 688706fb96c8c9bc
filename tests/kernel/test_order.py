"""The order of traffic control programs on one direction of an interface."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest

import osmia
from osmia import ArrayMap, Direction, TcAction, TcContext, UsageError, classifier, u64
from tests.builders.network import Host, veth_pair

FRAME = bytes.fromhex("02000000007702000000000188b5") + bytes(86)
order = ArrayMap(u64, max_entries=4)

pytestmark = pytest.mark.requires_tool("ip", "tc")


@classifier
def count_and_go_on(ctx: TcContext) -> TcAction:
    order[0] += 1
    return TcAction.NEXT


@classifier
def count_and_drop(ctx: TcContext) -> TcAction:
    order[1] += 1
    return TcAction.SHOT


@pytest.fixture
def host() -> Iterator[Host]:
    with veth_pair() as (a, _):
        yield a


def sent(bpf: osmia.Bpf, host: Host) -> list[u64]:
    """Runs of both programs for one frame."""
    before = [bpf[order][index] for index in range(2)]
    with contextlib.suppress(OSError):  # ENOBUFS: the frame was dropped
        host.send(FRAME)
    return [bpf[order][index] - before[index] for index in range(2)]


@pytest.mark.parametrize("priority", [None, 7])
def test_the_first_program_decides(host: Host, priority: int | None) -> None:
    with osmia.load(count_and_go_on, count_and_drop) as bpf, host.inside():
        drop = bpf[count_and_drop].attach(host.interface, Direction.EGRESS, priority=priority)
        with bpf[count_and_go_on].attach(
            host.interface, Direction.EGRESS, priority=None if priority is None else priority + 1
        ):
            assert sent(bpf, host) == [0, 1]
        with bpf[count_and_go_on].attach(
            host.interface,
            Direction.EGRESS,
            first=priority is None,
            priority=None if priority is None else priority - 1,
        ):
            assert sent(bpf, host) == [1, 1]
        drop.detach()
        with pytest.raises(UsageError, match="`first` or `priority`"):
            bpf[count_and_drop].attach(host.interface, Direction.EGRESS, first=True, priority=3)
