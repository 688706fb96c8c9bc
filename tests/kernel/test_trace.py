"""`osmia trace`: each one-liner of docs/trace.md sees the events that the test causes itself."""

from __future__ import annotations

import errno
import json
import mmap
import os
import platform
import re
import select
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest

from osmia.errors import NotSupportedError
from osmia.tracing.tracefs import tracefs_root

OWN = os.getpid()
COMMAND = (sys.executable, "-m", "osmia.cli.main", "trace")
DOCUMENT = Path(__file__).parents[2] / "docs" / "trace.md"
GETPPID = {"x86_64": 110, "aarch64": 173}[platform.machine()]


@pytest.fixture(autouse=True)
def tracefs() -> None:
    try:
        tracefs_root()
    except NotSupportedError as error:
        pytest.skip(str(error))


@pytest.fixture(autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.getbasetemp() / "cache"))


class Trace:
    """`osmia trace … --json` while events are caused; ends with Ctrl-C."""

    def __init__(self, *arguments: str, own_filter: str = "", loses: bool = False) -> None:
        both = " and ".join(part for part in (f"pid == {OWN}", own_filter) if part)
        given = () if own_filter == "none" else ("--filter", both)
        self.process = subprocess.Popen(
            [*COMMAND, *arguments, *given, "--json"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.objects: list[dict[str, Any]] = []
        self.lost = 0
        self._loses = loses

    def __enter__(self) -> Self:
        assert self.process.stderr is not None
        first = self.process.stderr.readline()
        assert first.startswith("tracing "), first + self.process.stderr.read()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.send_signal(signal.SIGINT)
        try:
            output, errors = self.process.communicate(timeout=60)
        finally:
            self.process.kill()
        if kind is None:
            assert self.process.returncode == 0, errors
            found = re.match(r"([\d,]+) events ", errors)
            assert (found is not None) == self._loses, errors
            self.lost = int(found[1].replace(",", "")) if found is not None else 0
            self.objects = [json.loads(line) for line in output.splitlines()]

    def rows(self) -> list[dict[str, Any]]:
        """The rows of the only table."""
        (table,) = self.objects
        assert table["lost"] == 0
        rows: list[dict[str, Any]] = table["rows"]
        return rows


def documented() -> Iterator[str]:
    """The commands in the table of one-liners."""
    for line in DOCUMENT.read_text().splitlines():
        found = re.match(r"\| [^|]+ \| `(osmia trace [^`]+)` \| `[^|]+` \|", line)
        if found is not None:
            yield found[1]


def own_comm() -> str:
    return Path("/proc/self/comm").read_text().removesuffix("\n")


def call_often(count: int) -> None:
    for _ in range(count):
        os.getppid()


def read_sizes(sizes: dict[int, int]) -> None:
    with Path("/dev/zero").open("rb", buffering=0) as zero:
        for size, times in sizes.items():
            for _ in range(times):
                os.read(zero.fileno(), size)


def bucket(rows: list[dict[str, Any]], title: str, low: int) -> int:
    (row,) = rows
    return sum(each["count"] for each in row[title] if each["low"] == low)


def test_there_are_twenty_and_each_makes_a_program() -> None:
    commands = list(documented())
    assert len(commands) >= 20
    for command in commands:
        arguments = shlex.split(command)[2:]
        if "--list" in arguments:
            continue
        done = subprocess.run([*COMMAND, *arguments, "--show"], capture_output=True, text=True)
        assert (done.returncode, done.stderr) == (0, ""), command
        compile(done.stdout, command, "exec")


def test_list() -> None:
    done = subprocess.run(
        [*COMMAND, "--list", "tracepoint:sched:sched_proc*"], capture_output=True, text=True
    )
    assert {"tracepoint:sched:sched_process_exec", "tracepoint:sched:sched_process_fork"} <= set(
        done.stdout.split()
    )
    one = "tracepoint:sched:sched_process_exec"
    done = subprocess.run([*COMMAND, "--list", one], capture_output=True, text=True)
    assert done.stdout.splitlines()[:2] == [one, "    char filename[]"]


def test_opened_files(tmp_path: Path) -> None:
    path = tmp_path / "x"
    with Trace(
        "tracepoint:syscalls:sys_enter_openat", "--print", "pid, comm, filename, args.flags & 3"
    ) as trace:
        path.write_text("")
    row = {"pid": OWN, "comm": own_comm(), "filename": str(path), "args.flags & 3": os.O_WRONLY}
    assert trace.objects == [row]


def test_long_paths_are_cut_off(tmp_path: Path) -> None:
    path = tmp_path / ("long" * 40)
    with Trace("tracepoint:syscalls:sys_enter_openat", "--print", "filename") as trace:
        path.write_text("")
    assert trace.objects == [{"filename": str(path)[:127] + "…"}]


def test_texts_of_the_filter(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    own_filter = (
        f"(filename.startswith('{tmp_path}/a/') or filename == '{tmp_path}/b') and comm == '{own_comm()}'"
    )
    with Trace("tracepoint:syscalls:sys_enter_openat", "--print", "filename", own_filter=own_filter) as trace:
        for name in ("a/1", "b", "bb", "c"):
            (tmp_path / name).write_text("")
    assert trace.objects == [{"filename": f"{tmp_path}/a/1"}, {"filename": f"{tmp_path}/b"}]


def test_failed_opens_by_error(tmp_path: Path) -> None:
    with Trace("tracepoint:syscalls:sys_exit_openat", "--key", "comm, ret", own_filter="ret < 0") as trace:
        for _ in range(3):
            with pytest.raises(FileNotFoundError):
                (tmp_path / "absent").open()
    assert trace.rows() == [{"comm": own_comm(), "ret": -errno.ENOENT, "count": 3}]


def test_system_calls_by_program_and_number() -> None:
    with Trace("tracepoint:raw_syscalls:sys_enter", "--key", "comm, id") as trace:
        call_often(300)
    assert {"comm": own_comm(), "id": GETPPID, "count": 300} in trace.rows()


def test_system_calls_of_each_interval() -> None:
    with Trace(
        "tracepoint:raw_syscalls:sys_enter", "--interval", "0.2", own_filter=f"id == {GETPPID}"
    ) as trace:
        call_often(100)
        time.sleep(0.5)
        call_often(50)
    counts = [sum(row["count"] for row in table["rows"]) for table in trace.objects]
    assert len(counts) >= 3
    assert sum(counts) == 150
    assert max(counts) <= 100


def test_sum_of_bytes_read() -> None:
    with Trace(
        "tracepoint:syscalls:sys_exit_read", "--key", "comm", "--sum", "ret", own_filter="ret in (100, 5000)"
    ) as trace:
        read_sizes({100: 7, 5000: 3})
    assert trace.rows() == [{"comm": own_comm(), "sum(ret)": 15_700}]


def test_sum_of_negative_numbers(tmp_path: Path) -> None:
    with Trace("tracepoint:syscalls:sys_exit_openat", "--sum", "ret", own_filter="ret < 0") as trace:
        for _ in range(4):
            with pytest.raises(FileNotFoundError):
                (tmp_path / "absent").open()
    assert trace.rows() == [{"sum(ret)": -4 * errno.ENOENT}]


def test_histogram_of_bytes_read() -> None:
    with Trace("tracepoint:syscalls:sys_exit_read", "--hist", "ret") as trace:
        read_sizes({100: 7, 5000: 3})
    assert bucket(trace.rows(), "ret", 64) == 7
    assert bucket(trace.rows(), "ret", 4096) == 3


def test_histogram_by_program() -> None:
    with Trace("tracepoint:syscalls:sys_exit_read", "--key", "comm", "--hist", "ret") as trace:
        read_sizes({100: 7})
    assert trace.rows()[0]["comm"] == own_comm()
    assert bucket(trace.rows(), "ret", 64) == 7


def test_duration_of_reads() -> None:
    with Trace(
        "tracepoint:syscalls:sys_exit_read",
        "--since",
        "tracepoint:syscalls:sys_enter_read",
        "--hist",
        "elapsed",
        own_filter="elapsed > 0 and ret == 321",
    ) as trace:
        read_sizes({321: 20})
    (row,) = trace.rows()
    assert sum(each["count"] for each in row["elapsed"]) == 20


def test_new_programs_and_processes() -> None:
    with Trace(
        "tracepoint:sched:sched_process_exec", "--print", "pid, args.pid, filename", own_filter="none"
    ) as trace:
        child = subprocess.Popen(["/bin/true"])
        child.wait()
    expected = {"pid": child.pid, "args.pid": child.pid, "filename": "/bin/true"}
    assert [each for each in trace.objects if each["pid"] == child.pid] == [expected]


def test_forks() -> None:
    with Trace("tracepoint:sched:sched_process_fork", "--print", "parent_comm, child_pid") as trace:
        children = [subprocess.Popen(["/bin/true"]) for _ in range(3)]
        for child in children:
            child.wait()
    assert trace.objects == [{"parent_comm": own_comm(), "child_pid": child.pid} for child in children]


def test_ends_of_processes() -> None:
    with Trace(
        "tracepoint:sched:sched_process_exit", "--key", "comm, pid == tid", own_filter="none"
    ) as trace:
        for _ in range(3):
            subprocess.run(["/bin/sleep", "0"])
    (row,) = [row for row in trace.rows() if row["comm"] == "sleep"]
    assert row == {"comm": "sleep", "pid == tid": True, "count": 3}


def test_signals() -> None:
    child = subprocess.Popen(["/bin/sleep", "60"])
    with Trace(
        "tracepoint:signal:signal_generate",
        "--print",
        "comm, sig, args.comm, args.pid",
        own_filter="sig == 15",
    ) as trace:
        child.terminate()
        child.wait()
    row = {"comm": own_comm(), "sig": signal.SIGTERM, "args.comm": "sleep", "args.pid": child.pid}
    assert trace.objects == [row]


def test_all_tracepoints_of_the_scheduler() -> None:
    with Trace("tracepoint:sched:sched_process_*", "--key", "probe") as trace:
        for _ in range(2):
            subprocess.run(["/bin/true"])
    counts = {row["probe"]: row["count"] for row in trace.rows()}
    assert counts["tracepoint:sched:sched_process_fork"] == 2
    assert "tracepoint:sched:sched_process_wait" in counts


def test_context_switches() -> None:
    with Trace(
        "tracepoint:sched:sched_switch", "--key", "prev_comm", own_filter=f"prev_pid == {OWN}"
    ) as trace:
        for _ in range(30):
            time.sleep(0.001)
    (row,) = trace.rows()
    assert row["prev_comm"] == own_comm()
    assert row["count"] >= 30


def test_page_faults() -> None:
    with Trace("tracepoint:exceptions:page_fault_user", "--key", "comm") as trace:
        with mmap.mmap(-1, 200 * mmap.PAGESIZE) as memory:
            memory.madvise(mmap.MADV_NOHUGEPAGE)
            for page in range(200):
                memory[page * mmap.PAGESIZE] = 1
    (row,) = trace.rows()
    assert row["count"] >= 200


def test_sent_bytes_by_device() -> None:
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver,
        Trace("tracepoint:net:net_dev_xmit", "--key", "name", "--sum", "len") as trace,
    ):
        receiver.bind(("127.0.0.1", 0))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            for _ in range(5):
                sender.sendto(bytes(100), receiver.getsockname())
    assert trace.rows() == [{"name": "lo", "sum(len)": 5 * (14 + 20 + 8 + 100)}]


def test_states_of_a_connection() -> None:
    syn_sent, established, listen = 2, 1, 10
    with Trace("tracepoint:sock:inet_sock_set_state", "--print", "comm, oldstate, newstate, dport") as trace:
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
            with socket.create_connection(("127.0.0.1", port)):
                pass
    states = [(row["oldstate"], row["newstate"]) for row in trace.objects if row["dport"] == port]
    assert (syn_sent, established) in states
    assert any(row["newstate"] == listen for row in trace.objects)


def test_disk_requests(tmp_path: Path) -> None:
    with Trace("tracepoint:block:block_rq_issue", "--hist", "bytes", own_filter="none") as trace:
        with (tmp_path / "x").open("wb") as file:
            file.write(bytes(1 << 20))
            file.flush()
            os.fsync(file.fileno())
    if not trace.rows():
        pytest.skip(f"{tmp_path} lies on no disk")
    (row,) = trace.rows()
    assert sum(each["low"] * each["count"] for each in row["bytes"] if each["low"]) >= 1 << 19


def test_raw_tracepoint() -> None:
    with Trace("raw_tracepoint:sys_enter", "--key", "arg1", own_filter=f"arg1 in ({GETPPID}, 9999)") as trace:
        call_often(40)
    assert trace.rows() == [{"arg1": GETPPID, "count": 40}]


def test_text_at_an_address(tmp_path: Path) -> None:
    path = tmp_path / "x"
    with Trace(
        "raw_tracepoint:sys_enter", "--print", "user_str(arg0)", own_filter=f"user_str(arg0) == '{path}'"
    ) as trace:
        path.write_text("")
    # Registers are no address of user memory: nothing is read, nothing crashes.
    assert trace.objects == []


def test_elements_of_arrays() -> None:
    own_filter = f"id == {GETPPID} and args.args[5] >= 0"
    with Trace("tracepoint:raw_syscalls:sys_enter", own_filter=own_filter) as trace:
        call_often(10)
    assert trace.rows() == [{"count": 10}]


def test_rows_without_room_are_counted() -> None:
    with Trace(
        "tracepoint:syscalls:sys_exit_read", "--key", "nsecs", own_filter="ret == 77", loses=True
    ) as trace:
        read_sizes({77: 20_000})
    (table,) = trace.objects
    assert len(table["rows"]) == 16_384
    assert table["lost"] == 20_000 - 16_384


def test_events_without_room_are_counted() -> None:
    with Trace(
        "tracepoint:syscalls:sys_exit_read", "--print", "comm, nsecs", own_filter="ret == 77", loses=True
    ) as trace:
        trace.process.send_signal(signal.SIGSTOP)
        read_sizes({77: 40_000})
        trace.process.send_signal(signal.SIGCONT)
    assert trace.lost > 0
    assert len(trace.objects) + trace.lost == 40_000


@pytest.mark.parametrize(
    "arguments", [("kprobe:vfs_read", "--key", "comm"), ("kretprobe:vfs_read", "--hist", "retval")]
)
def test_kernel_functions(arguments: tuple[str, ...]) -> None:
    if not Path("/sys/bus/event_source/devices/kprobe").exists():
        done = subprocess.run([*COMMAND, *arguments], capture_output=True, text=True)
        assert done.returncode == 77
        assert "CONFIG_KPROBES" in done.stderr
        return
    with Trace(*arguments) as trace:
        read_sizes({100: 7})
    rows = trace.rows()
    if "retval" in rows[0]:
        assert bucket(rows, "retval", 64) >= 7
    else:
        assert rows[0]["count"] >= 7


def test_its_own_process_is_left_out() -> None:
    with Trace(
        "tracepoint:raw_syscalls:sys_enter", "--key", "pid", "--interval", "0.1", own_filter="none"
    ) as trace:
        time.sleep(0.6)
    seen = {row["pid"] for table in trace.objects for row in table["rows"]}
    assert len(trace.objects) > 3
    assert trace.process.pid not in seen


def test_a_table_is_drawn_on_a_terminal() -> None:
    leader, follower = os.openpty()
    command = [*COMMAND, "tracepoint:raw_syscalls:sys_enter", "--key", "comm", "--filter", f"pid == {OWN}"]
    process = subprocess.Popen(command, stdout=follower, stderr=subprocess.PIPE, text=True)
    os.close(follower)
    assert process.stderr is not None
    assert process.stderr.readline().startswith("tracing")
    call_often(10)
    shown = b""
    while b"count" not in shown:
        assert select.select([leader], [], [], 30)[0]
        shown += os.read(leader, 4096)
    process.send_signal(signal.SIGINT)
    process.stderr.close()
    try:
        while chunk := os.read(leader, 4096):
            shown += chunk
    except OSError:  # the other end is closed
        pass
    os.close(leader)
    assert process.wait(60) == 0
    assert shown.startswith(b"\x1b[H\x1b[2J")
    assert own_comm() in shown.decode().rsplit("\x1b[2J", 1)[1]


def test_faults_of_expressions_have_a_caret() -> None:
    command = [
        *COMMAND,
        "tracepoint:syscalls:sys_enter_openat",
        "--key",
        "comm, filenam",
        "--filter",
        "pid = 3",
    ]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1
    assert "    comm, filenam\n          ^^^^^^^\n" in done.stderr
    assert "did you mean 'filename'?" in done.stderr
    assert '  File "--filter", line 1\n' in done.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "no probe is given"),
        (("nonsense",), "is no probe"),
        (("tracepoint:sched:absent",), "there is no tracepoint sched:absent"),
        (("tracepoint:../../x:y",), "is no name of a tracepoint"),
        (("tracepoint:*:*",), "at most 128"),
        (("tracepoint:sched:sched_switch", "--print", " "), "has no expression"),
        (("tracepoint:sched:sched_switch", "--print", "pid", "--key", "pid"), "leave out --key"),
        (("tracepoint:sched:sched_switch", "--key", "user_str(1 + nsecs)," * 15), "too large together"),
    ],
)
def test_wrong_usage(arguments: tuple[str, ...], message: str) -> None:
    done = subprocess.run([*COMMAND, *arguments], capture_output=True, text=True)
    assert message in done.stderr
    assert done.returncode == 2
