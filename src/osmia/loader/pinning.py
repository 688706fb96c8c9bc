"""Names in a bpffs: maps and links stay in the kernel under them when their process ends (bpf(2))."""

from __future__ import annotations

import errno
from pathlib import Path

from osmia.errors import KernelError, UsageError
from osmia.sys import Kernel


def pin(kernel: Kernel, fd: int, path: str | Path) -> None:
    """Give an object a name in a bpffs.

    Raises:
        UsageError: the name is taken, or its folder is not in a bpffs.
    """
    try:
        kernel.pin(fd, str(path))
    except KernelError as error:
        reasons = {
            errno.EEXIST: "the name is taken",
            errno.ENOENT: "there is no such folder",
            errno.EPERM: "the folder is not in a bpffs, or may not be written",
            errno.EINVAL: "this kind of hook has no link that could be pinned",
        }
        if error.errno not in reasons:
            raise
        help_text = "/sys/fs/bpf is the usual bpffs: mount -t bpf bpf /sys/fs/bpf"
        raise UsageError(f"cannot pin at {path}: {reasons[error.errno]}", help_text) from None


def open_pinned(kernel: Kernel, path: str | Path) -> int:
    """The descriptor of what stands under a name.

    Raises:
        UsageError: nothing does.
    """
    try:
        return kernel.open_pinned(str(path))
    except KernelError as error:
        if error.errno == errno.ENOENT:
            raise UsageError(f"nothing is pinned at {path}", "`bpftool map` lists names with -f") from None
        if error.errno in (errno.EACCES, errno.EINVAL, errno.EPERM):
            raise UsageError(f"{path} is no pinned object of BPF, or may not be opened") from None
        raise
