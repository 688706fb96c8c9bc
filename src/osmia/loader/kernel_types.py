"""The types of the running kernel and of its modules, read when something asks for them."""

from __future__ import annotations

from collections.abc import Sequence

from osmia.btf import LazyBtf
from osmia.errors import NotSupportedError
from osmia.sys import RUNNING_KERNEL, Descriptor, Kernel


class KernelTypes:
    """What `/sys/kernel/btf` shows (CONFIG_DEBUG_INFO_BTF; modules since Linux 5.11)."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._vmlinux: LazyBtf | None = None
        self._modules: list[LazyBtf] | None = None

    @property
    def vmlinux(self) -> LazyBtf:
        """The types of the kernel itself.

        Raises:
            NotSupportedError: it does not show them.
            MalformedError: they are damaged.
        """
        if self._vmlinux is None:
            data = self._kernel.kernel_btf_data()
            if data is None:
                raise NotSupportedError(
                    "reading kernel structures",
                    needs="/sys/kernel/btf/vmlinux: a kernel with CONFIG_DEBUG_INFO_BTF, and sysfs mounted",
                )
            self._vmlinux = LazyBtf(data)
        return self._vmlinux

    def modules(self) -> Sequence[LazyBtf]:
        """The types of each loaded module."""
        if self._modules is None:
            self._modules = []
            for name in self._kernel.modules_with_btf():
                data = self._kernel.kernel_btf_data(name)
                if data is not None:  # else it was unloaded just now
                    self._modules.append(LazyBtf(data, self.vmlinux, name))
        return self._modules


def open_module_btf(kernel: Kernel, module: str) -> Descriptor:
    """The BTF of a module, found among all that the kernel has; needs CAP_SYS_ADMIN."""
    id = kernel.next_id("btf", 0)
    while id is not None:
        descriptor = Descriptor(kernel, kernel.fd_by_id("btf", id), f"BTF {id}")
        if kernel.btf_name(descriptor.fileno()) == module:
            return descriptor
        descriptor.close()
        id = kernel.next_id("btf", id)
    raise NotSupportedError(
        f"something of module {module!r}", needs="the module, which was unloaded just now"
    )


def running_kernel_types() -> KernelTypes:
    """Those of this machine's kernel; each call reads them anew."""
    return KernelTypes(RUNNING_KERNEL)
