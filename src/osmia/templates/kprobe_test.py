"""The program as plain Python: no root, no kernel."""

import osmia
from osmia import KprobeContext
from osmia.templates.kprobe import called, calls


def test_calls_are_counted_by_command() -> None:
    with osmia.simulate(called) as bpf:
        for comm in ("sh", "cat", "cat"):
            assert called(KprobeContext((), pid=7, comm=comm)) == 0
        assert {str(comm): int(count) for comm, count in bpf[calls].items()} == {"sh": 1, "cat": 2}
