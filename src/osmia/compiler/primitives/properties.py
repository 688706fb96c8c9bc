"""The table of computed attributes of contexts: the class, the name, the function that emits its meaning."""

from __future__ import annotations

from collections.abc import Callable

from osmia.compiler.check.context import Checker
from osmia.compiler.check.values import Value
from osmia.compiler.primitives import packet, tracing
from osmia.lang.contexts import XdpContext
from osmia.lang.tracing import KprobeContext, TaskContext
from osmia.lang.user_probes import PerfEventContext

Emit = Callable[[Checker, Value], Value]

PROPERTIES: dict[type, dict[str, Emit]] = {
    XdpContext: {"length": packet.length},
    TaskContext: {
        "pid": tracing.process_id,
        "tid": tracing.thread_id,
        "uid": tracing.user_id,
        "gid": tracing.group_id,
        "comm": tracing.task_name,
    },
    PerfEventContext: {"ip": tracing.instruction_pointer, "sample_period": tracing.sample_period},
    KprobeContext: {
        "ip": tracing.instruction_pointer,
        "return_value": tracing.return_value,
        "regs": tracing.all_registers,
    },
}


def properties_of(python_class: type) -> dict[str, Emit]:
    """The computed attributes of a class of the vocabulary, those of its bases included."""
    found: dict[str, Emit] = {}
    for base in reversed(python_class.__mro__):
        found.update(PROPERTIES.get(base, {}))
    return found
