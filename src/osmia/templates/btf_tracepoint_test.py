"""The program as plain Python: no root, no kernel."""

import osmia
from osmia import BtfTracepointContext, i32
from osmia.templates.btf_tracepoint import Task, executions, starts


def test_a_started_program_is_an_event() -> None:
    task = Task(tgid=i32(7), real_parent=Task(tgid=i32(1)))
    with osmia.simulate(starts) as bpf:
        assert starts(BtfTracepointContext(task, pid=7, comm="ls")) == 0
        (event,) = bpf[executions].read(timeout=0)
    assert (int(event.pid), int(event.parent), str(event.comm)) == (7, 1, "ls")
