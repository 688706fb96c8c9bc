"""The first process of a virtual machine: mounts, loads modules, runs pytest and powers the machine off.

It imports the standard library only. The tests' outcomes leave through the second serial line (see `report`).
"""

from __future__ import annotations

import ctypes
import json
import os
import subprocess
import sys
import termios
import traceback
import tty
from pathlib import Path

PROJECT = Path("/osmia")
RESULTS = "/dev/ttyS1"

_MOUNTS = (
    ("proc", "/proc"),
    ("sysfs", "/sys"),
    ("devtmpfs", "/dev"),
    ("tmpfs", "/tmp"),
    ("tmpfs", "/run"),
    ("bpf", "/sys/fs/bpf"),
    ("tracefs", "/sys/kernel/tracing"),
    ("cgroup2", "/sys/fs/cgroup"),
    ("securityfs", "/sys/kernel/security"),
)
_FINIT_MODULE = {"x86_64": 313, "aarch64": 273}
_POWER_OFF = 0x4321FEDC

_libc = ctypes.CDLL(None, use_errno=True)


def main() -> None:
    """Whatever happens, power off: a machine that stays up would only run into its time limit."""
    try:
        _mount_all()
        send({"event": "boot"})
        _open_console()
        _load_modules()
        _run_tests()
    except BaseException:  # noqa: BLE001  the first process may not end otherwise
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os.sync()
        _libc.reboot(ctypes.c_int(_POWER_OFF))


def _mount_all() -> None:
    for kind, target in _MOUNTS:
        Path(target).mkdir(parents=True, exist_ok=True)
        if _libc.mount(kind.encode(), target.encode(), kind.encode(), 0, None) != 0:
            print(f"guest: {kind} not mounted on {target}: {os.strerror(ctypes.get_errno())}")


def _open_console() -> None:
    console = os.open("/dev/console", os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(console, descriptor)


def _load_modules() -> None:
    number = _FINIT_MODULE[os.uname().machine]
    for file in sorted(Path("/modules").glob("*.ko")):
        descriptor = os.open(file, os.O_RDONLY)
        if _libc.syscall(number, descriptor, b"", 0) != 0:
            print(f"guest: module {file.stem} not loaded: {os.strerror(ctypes.get_errno())}")
        os.close(descriptor)


def _run_tests() -> None:
    plan = json.loads((PROJECT / "plan.json").read_text())
    environment = {
        "HOME": "/run",
        "LANG": "C.UTF-8",
        "PATH": "/bin:/sbin:/usr/bin:/usr/sbin",
        "PYTHONPATH": os.pathsep.join(str(PROJECT / name) for name in ("packages", "src", ".")),
        "PYTHONDONTWRITEBYTECODE": "1",
        **plan["environment"],
    }
    subprocess.run(["ip", "link", "set", "lo", "up"], env=environment, check=False)
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "tests.vm.report",
        "-p",
        "no:cacheprovider",
        *plan["pytest"],
    ]
    result = subprocess.run(command, cwd=PROJECT, env=environment, check=False)
    send({"event": "end", "exit": result.returncode})


def send(message: dict[str, object]) -> None:
    """Hand one JSON line to the host."""
    line = os.open(RESULTS, os.O_WRONLY | os.O_NOCTTY)
    try:
        tty.setraw(line)
        os.write(line, json.dumps(message).encode() + b"\n")
        termios.tcdrain(line)
    finally:
        os.close(line)


if __name__ == "__main__":
    main()
