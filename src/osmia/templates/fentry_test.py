"""The program as plain Python: no root, no kernel."""

import osmia
from osmia import FentryContext
from osmia.templates.fentry import MessageHeader, Sock, sends, sent


def test_bytes_are_summed_by_command() -> None:
    with osmia.simulate(sends) as bpf:
        for size in (100, 23):
            assert sends(FentryContext(Sock(), MessageHeader(), size, comm="curl")) == 0
        assert {str(comm): int(size) for comm, size in bpf[sent].items()} == {"curl": 123}
