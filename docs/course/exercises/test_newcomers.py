"""The exercise's test: plain Python, no root."""

import osmia
from newcomers import newcomers, watch
from osmia.packets import ethernet, ipv4


def test_one_event_for_each_source() -> None:
    with osmia.simulate(watch) as bpf:
        for source in ("10.0.0.1", "10.0.0.2", "10.0.0.1", "10.0.0.1"):
            bpf[watch].run(ethernet() / ipv4(src=source))
        events = bpf[newcomers].read(timeout=0)
    assert [str(event.address) for event in events] == ["10.0.0.1", "10.0.0.2"]
