"""The kernel and plain Python see the same in the same frames."""

from __future__ import annotations

import random
from collections.abc import Iterable

import pytest

import osmia
from osmia import u32, u64
from osmia.monitor import kernel
from osmia.monitor.addresses import network_from_text, prefix_for_kernel
from osmia.monitor.generated import generated_traffic
from osmia.monitor.records import InterfaceCounters, Reason, RuleHits, SourceCounters
from tests.monitor.mixed_frames import INBOUND, OUTBOUND, mixed_frames

pytestmark = pytest.mark.kernel

PROGRAMS = kernel.monitor_ingress, kernel.monitor_egress
LOOPBACK = 1
SMALLEST = 14
"""Bytes that BPF_PROG_TEST_RUN wants at least."""


def damaged_frames(count: int) -> list[bytes]:
    """Frames with changed bytes in their headers, many of them cut."""
    chance = random.Random(7)
    whole = mixed_frames(INBOUND)
    damaged: list[bytes] = []
    for _ in range(count):
        frame = bytearray(chance.choice(whole))
        for _ in range(chance.randrange(4)):
            frame[chance.randrange(12, min(len(frame), 90))] = chance.randrange(256)
        length = len(frame) if chance.random() < 0.5 else chance.randrange(SMALLEST, len(frame) + 1)
        damaged.append(bytes(frame[:length]))
    return damaged


def observe(bpf: osmia.Bpf, inbound: Iterable[bytes], outbound: Iterable[bytes]) -> dict[str, object]:
    """Verdicts and maps after a run."""
    network = prefix_for_kernel(network_from_text("203.0.113.66"))
    zero = RuleHits(packets=u64(0), bytes=u64(0))
    bpf[kernel.rule_hits][u32(1)] = [zero] * len(bpf[kernel.totals][0])
    bpf[kernel.blocked][network] = u32(1)
    verdicts: list[object] = []
    for index, frame in enumerate(inbound):
        bpf[kernel.clock][0] = u64(1_000_000_000 + index * 10_000_000)
        verdicts.append(bpf[kernel.monitor_ingress].run(frame, ingress_ifindex=LOOPBACK).action)
    egress = bpf[kernel.monitor_egress]
    verdicts += [egress.run(f, ifindex=LOOPBACK, wire_length=len(f)).action for f in outbound]
    return {
        "verdicts": verdicts,
        "sources": {
            str(key): [sum(column) for column in zip(*(_fields(value) for value in values), strict=True)]
            for key, values in bpf[kernel.sources].items()
        },
        "connections": {str(key): str(value) for key, value in bpf[kernel.connections].items()},
        "totals": [
            sum(column) for column in zip(*(_total(v) for v in bpf[kernel.totals][LOOPBACK]), strict=True)
        ],
        "reasons": {reason.name: bpf[kernel.reasons][reason].sum() for reason in Reason},
        "cells": {str(key): str(value) for key, value in bpf[kernel.scan_cells].items()},
        "hits": sum(int(value.packets) for value in bpf[kernel.rule_hits][u32(1)]),
    }


def _fields(value: SourceCounters) -> tuple[int, ...]:
    return int(value.packets), int(value.bytes), int(value.blocked_packets)


def _total(value: InterfaceCounters) -> tuple[int, ...]:
    return (
        *(int(value.received_packets), int(value.received_bytes), int(value.sent_packets)),
        *(int(value.sent_bytes), int(value.dropped_packets), int(value.dropped_bytes)),
    )


def test_kernel_and_simulation_agree() -> None:
    generated = list(generated_traffic(4.5))
    inbound = [*mixed_frames(INBOUND), *(f.data for f in generated if not f.outbound), *damaged_frames(600)]
    outbound = [*mixed_frames(OUTBOUND), *(f.data for f in generated if f.outbound)]
    constants = {kernel.SET_CLOCK: True}
    with osmia.simulate(*PROGRAMS, constants=constants) as bpf:
        simulated = observe(bpf, inbound, outbound)
    with osmia.load(*PROGRAMS, constants=constants) as bpf:
        loaded = observe(bpf, inbound, outbound)
    for name, value in simulated.items():
        assert loaded[name] == value, name
    assert simulated["hits"] != 0
    assert simulated["cells"]
