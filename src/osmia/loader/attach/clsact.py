"""clsact: traffic control programs on kernels without tcx (Linux 4.5 to 6.5; net/sched/sch_ingress.c).

A filter is no link: it stays when its process is killed by signal 9. What the interpreter still sees, the end
of a block, an exception, the end of the program, takes it off; `tc filter show` lists what is left.
"""

from __future__ import annotations

import errno
import threading
import weakref

from osmia.dataclass import dataclass
from osmia.errors import AlreadyAttachedError, KernelError, NotSupportedError, UsageError
from osmia.loader.attach.link import Link, interface_index
from osmia.loader.permission import refused
from osmia.sys import Descriptor, Kernel

_LARGEST_PRIORITY = 0xFFFF
_MOST_HANDLES = 0xFFFF
_GONE = (errno.ENOENT, errno.EINVAL, errno.ENODEV)


@dataclass(frozen=True)
class _Place:
    """Where a filter stands."""

    namespace: int
    index: int
    egress: bool
    priority: int
    handle: int


class ClsactLink(Link):
    """A program on one direction of an interface, as a filter of the qdisc clsact."""

    def __init__(self, kernel: Kernel, route: Descriptor, hook: str, place: _Place) -> None:
        super().__init__(kernel, route, hook)
        self.priority = place.priority
        """Filters run in order of their priority, the smallest number first."""
        self.handle = place.handle
        """Tells filters of one priority apart."""
        self._place = place
        self._remove = weakref.finalize(self, _remove, kernel, route, place)

    @property
    def id(self) -> int:
        """NotSupportedError: a filter has no number of the kernel."""
        raise NotSupportedError("the id of a filter", needs="tcx, Linux 6.6")

    @property
    def program_id(self) -> int:
        """The kernel's number of the attached program; 0 where somebody else has deleted the filter."""
        place = self._place
        for each in self._kernel.traffic_filters(self.fd, place.index, egress=place.egress):
            if (each.priority, each.handle) == (place.priority, place.handle):
                return each.program_id
        return 0

    def detach(self) -> None:
        """Take the program off; the qdisc goes as well where osmia has made it and nothing else uses it."""
        self._remove()


_made: set[tuple[int, int]] = set()
"""Namespace and interface of the qdiscs that this process has added."""
_lock = threading.Lock()


def _remove(kernel: Kernel, route: Descriptor, place: _Place) -> None:
    """A function of its own: it also runs when the link is forgotten, and at the end of the interpreter."""
    if route.closed:
        return
    fd = route.fileno()
    try:
        _delete(kernel, fd, place)
        with _lock:
            made = (place.namespace, place.index)
            if made in _made and not any(
                kernel.traffic_filters(fd, place.index, egress=egress) for egress in (False, True)
            ):
                _made.discard(made)
                kernel.clsact_delete(fd, place.index)
    except KernelError as error:
        if error.errno not in _GONE:
            raise
    finally:
        route.close()


def _delete(kernel: Kernel, route: int, place: _Place) -> None:
    try:
        kernel.traffic_filter_delete(
            route, place.index, egress=place.egress, priority=place.priority, handle=place.handle
        )
    except KernelError as error:
        if error.errno not in _GONE:
            raise


def attach_clsact(
    kernel: Kernel, program_fd: int, name: str, interface: str, *, egress: bool, priority: int | None = None
) -> ClsactLink:
    """Attach a program to a direction of an interface; without a priority behind the filters that are there.

    A clsact qdisc of somebody else is used and left in place.

    Raises:
        UnknownInterfaceError, AlreadyAttachedError, PermissionDeniedError, NotSupportedError, UsageError,
        KernelError.
    """
    if priority is not None and not 1 <= priority <= _LARGEST_PRIORITY:
        raise UsageError(
            f"{priority} is no priority", f"give 1 to {_LARGEST_PRIORITY}; the smallest runs first"
        )
    index = interface_index(kernel, interface)
    direction = "egress" if egress else "ingress"
    hook = f"clsact {direction} on {interface}"
    route = Descriptor(kernel, kernel.route_open(), f"route netlink of {hook}")
    place: _Place | None = None
    try:
        _add_qdisc(kernel, route.fileno(), index, hook)
        place = _free_place(kernel, route.fileno(), index, egress, priority, hook)
        kernel.traffic_filter_add(
            route.fileno(),
            index,
            egress=egress,
            program_fd=program_fd,
            name=name,
            priority=place.priority,
            handle=place.handle,
        )
    except KernelError as error:
        _remove(kernel, route, place or _Place(kernel.network_namespace(), index, egress, 0, 0))
        if error.errno == errno.EPERM:
            raise refused(f"attach {name!r} to {interface}") from None
        raise KernelError(error.errno, f"{hook}: {error.strerror}") from None
    except BaseException:
        _remove(kernel, route, _Place(kernel.network_namespace(), index, egress, 0, 0))
        raise
    return ClsactLink(kernel, route, hook, place)


def _add_qdisc(kernel: Kernel, route: int, index: int, hook: str) -> None:
    with _lock:
        try:
            if kernel.clsact_add(route, index):
                _made.add((kernel.network_namespace(), index))
                return
        except KernelError as error:
            if error.errno in (errno.EOPNOTSUPP, errno.ENOENT):
                raise NotSupportedError(hook, needs="Linux 4.5 with CONFIG_NET_SCH_INGRESS") from None
            raise
    kind = kernel.clsact_kind(route, index)
    if kind != "clsact":
        raise AlreadyAttachedError(f"{hook} (the qdisc {kind!r} is in its place)")


def _free_place(
    kernel: Kernel, route: int, index: int, egress: bool, priority: int | None, hook: str
) -> _Place:
    filters = kernel.traffic_filters(route, index, egress=egress)
    if priority is None:
        priority = max((each.priority for each in filters), default=0) + 1
        if priority > _LARGEST_PRIORITY:
            raise UsageError(f"{hook}: the last priority is taken", "give a priority")
    there = [each for each in filters if each.priority == priority]
    if any(each.kind != "bpf" for each in there):
        raise AlreadyAttachedError(f"{hook}, priority {priority}, a filter of kind {there[0].kind!r}")
    taken = {each.handle for each in there}
    handle = next(number for number in range(1, _MOST_HANDLES) if number not in taken)
    return _Place(kernel.network_namespace(), index, egress, priority, handle)
