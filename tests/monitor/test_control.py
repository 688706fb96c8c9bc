"""The control socket, with a handler of the test's own."""

from __future__ import annotations

import contextlib
import socket
import stat
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from osmia.errors import UsageError
from osmia.monitor.control import ControlServer, NoMonitorError, control_socket_path, request


def echo(content: Mapping[str, object]) -> dict[str, object]:
    if content.get("command") == "refuse":
        raise UsageError("that cannot be meant", "mean something else")
    return {"seen": dict(content)}


@pytest.fixture
def path(tmp_path: Path) -> Iterator[Path]:
    server = ControlServer(tmp_path / "run" / "monitor.sock", echo)
    yield server.path
    server.close()


def raw(path: Path, data: bytes) -> bytes:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(10)
        client.connect(str(path))
        client.sendall(data)
        client.shutdown(socket.SHUT_WR)
        received = b""
        while chunk := client.recv(65_536):
            received += chunk
        return received


def test_a_request_is_answered(path: Path) -> None:
    assert request(path, {"command": "top", "limit": 3})["seen"] == {"command": "top", "limit": 3}


def test_a_refusal_is_an_error_with_its_words(path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be meant; mean something else"):
        request(path, {"command": "refuse"})


def test_only_the_owner_may_connect(path: Path) -> None:
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("data", [b"", b"\n", b"[]\n", b"{", b"\xff\xfe\n", b"[" * 60_000 + b"\n"])
def test_what_is_no_request_is_refused_and_the_next_one_answered(path: Path, data: bytes) -> None:
    assert b'"ok":false' in raw(path, data)
    assert request(path, {"command": "x"})["ok"] is True


def test_a_request_without_end_is_cut(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("osmia.monitor.control.MAXIMUM_REQUEST", 65_536)
    answer = b""
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        answer = raw(path, b"x" * 200_000)
    assert answer == b"" or b"more than" in answer
    assert request(path, {})["ok"] is True


def test_a_second_monitor_at_the_same_socket_is_refused(path: Path) -> None:
    with pytest.raises(UsageError, match="already running"):
        ControlServer(path, echo)
    assert request(path, {})["ok"] is True


def test_a_socket_left_by_a_killed_monitor_is_taken_over(tmp_path: Path) -> None:
    path = tmp_path / "monitor.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as left:
        left.bind(str(path))
    with pytest.raises(NoMonitorError, match="no monitor is running"):
        request(path, {})
    server = ControlServer(path, echo)
    assert request(path, {})["ok"] is True
    server.close()
    assert not path.exists()


def test_after_the_end_nobody_answers_and_no_thread_is_left(tmp_path: Path) -> None:
    server = ControlServer(tmp_path / "monitor.sock", echo)
    server.close()
    server.close()
    with pytest.raises(NoMonitorError):
        request(tmp_path / "monitor.sock", {})
    assert not [thread for thread in threading.enumerate() if thread.name == "osmia-control"]


def test_what_else_listens_there_is_no_monitor(tmp_path: Path) -> None:
    path = tmp_path / "other.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as other:
        other.bind(str(path))
        other.listen()

        def answer() -> None:
            connection, _ = other.accept()
            with connection:
                connection.sendall(b"220 hello\n")

        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(UsageError, match="no osmia monitor"):
            request(path, {})
        thread.join()


def test_where_the_socket_is(monkeypatch: pytest.MonkeyPatch) -> None:
    assert control_socket_path("/a/b", {}) == Path("/a/b")
    assert control_socket_path(None, {"OSMIA_CONTROL": "/c"}) == Path("/c")
    monkeypatch.setattr("os.geteuid", lambda: 0)
    assert control_socket_path(None, {}) == Path("/run/osmia/monitor.sock")
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert control_socket_path(None, {"XDG_RUNTIME_DIR": "/run/user/1"}) == Path(
        "/run/user/1/osmia/monitor.sock"
    )
    with pytest.raises(UsageError, match="--control"):
        control_socket_path(None, {})
