"""The program as plain Python: no root, no kernel."""

import osmia
from osmia import PerfEventContext
from osmia.templates.perf_event import sample, samples


def test_samples_are_counted_by_command() -> None:
    with osmia.simulate(sample) as bpf:
        for comm in ("sh", "cat", "cat"):
            assert sample(PerfEventContext(pid=7, comm=comm)) == 0
        assert {str(comm): int(count) for comm, count in bpf[samples].items()} == {"sh": 1, "cat": 2}
