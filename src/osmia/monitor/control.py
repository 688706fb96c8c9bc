"""The control socket: one request and one answer, each a line of JSON, over a Unix socket of the owner."""

from __future__ import annotations

import fcntl
import json
import os
import socket
import struct
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from osmia.errors import OsmiaError, UsageError
from osmia.monitor.json_values import as_object

__all__ = ["ControlServer", "NoMonitorError", "control_socket_path", "request"]

MAXIMUM_REQUEST = 64 * 1024 * 1024
"""Room for a whole list with its comments; only this user and root may send one."""
MAXIMUM_ANSWER = 256 * 1024 * 1024
CLIENT_SECONDS = 5.0
ANSWER_SECONDS = 30.0

Handler = Callable[[Mapping[str, object]], dict[str, object]]


@dataclass
class NoMonitorError(OsmiaError):
    """No monitor answers at the control socket."""

    path: Path

    def __str__(self) -> str:
        return f"no monitor is running (nothing answers at {self.path}); start one with `osmia monitor`"


def control_socket_path(given: str | None = None, environment: Mapping[str, str] | None = None) -> Path:
    """Where the monitor listens: as given, OSMIA_CONTROL, /run/osmia for root, XDG_RUNTIME_DIR for others."""
    environment = os.environ if environment is None else environment
    explicit = given or environment.get("OSMIA_CONTROL")
    if explicit:
        return Path(explicit)
    if os.geteuid() == 0:
        return Path("/run/osmia/monitor.sock")
    runtime = environment.get("XDG_RUNTIME_DIR")
    if not runtime:
        raise UsageError(
            "XDG_RUNTIME_DIR is not set", "give the path of the control socket with --control PATH"
        )
    return Path(runtime) / "osmia/monitor.sock"


class ControlServer:
    """Answers requests at a Unix socket, one after the other, in a thread of its own.

    Only this user and root may connect: the socket has mode 0600, and the peer's user is checked.
    Raises UsageError where a monitor already listens there, OSError.
    """

    def __init__(self, path: Path, handler: Handler) -> None:
        self.path = path
        self._handler = handler
        self._closing = False
        path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        self._lock = os.open(path.with_suffix(".lock"), os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            self._socket = self._bind()
        except BaseException:
            os.close(self._lock)
            raise
        self._thread = threading.Thread(target=self._serve, name="osmia-control", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop answering and remove the socket; no error where that was done before."""
        if self._closing:
            return
        self._closing = True
        self.path.unlink(missing_ok=True)
        self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join(CLIENT_SECONDS)
        self._socket.close()
        os.close(self._lock)

    def _bind(self) -> socket.socket:
        """The lock says whether a socket that lies there is alive."""
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UsageError(
                f"a monitor is already running (it listens at {self.path})",
                "end it first, or give this one another socket with --control PATH",
            ) from None
        self.path.unlink(missing_ok=True)
        server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
        try:
            umask = os.umask(0o177)
            try:
                server.bind(str(self.path))
            finally:
                os.umask(umask)
            server.listen(16)
        except BaseException:
            server.close()
            raise
        return server

    def _serve(self) -> None:
        while not self._closing:
            try:
                client, _ = self._socket.accept()
            except OSError:
                return
            with client:
                try:
                    client.settimeout(CLIENT_SECONDS)
                    self._answer(client)
                except OSError:
                    continue

    def _answer(self, client: socket.socket) -> None:
        if not _is_permitted(client):
            return
        try:
            received = as_object(json.loads(_read_line(client, MAXIMUM_REQUEST)))
            if received is None:
                raise UsageError("a request is a JSON object")
            answer = {"ok": True, **self._handler(received)}
        except (ValueError, RecursionError) as error:
            answer = {"ok": False, "error": f"the request is no JSON: {error}"}
        except OsmiaError as error:
            answer = {"ok": False, "error": str(error)}
        client.sendall(json.dumps(answer, separators=(",", ":")).encode() + b"\n")


def request(path: Path, content: Mapping[str, object]) -> dict[str, object]:
    """Ask the running monitor. Raises NoMonitorError, UsageError with what it refused, and OSError."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC) as client:
        client.settimeout(ANSWER_SECONDS)
        try:
            client.connect(str(path))
        except (FileNotFoundError, ConnectionRefusedError, NotADirectoryError):
            raise NoMonitorError(path) from None
        except PermissionError:
            raise UsageError(f"{path} belongs to another user", "run this with sudo") from None
        try:
            client.sendall(json.dumps(content).encode() + b"\n")
            line = _read_line(client, MAXIMUM_ANSWER)
        except (BrokenPipeError, ConnectionResetError):
            # It hung up in the middle of the question: so does no monitor.
            line = b""
    try:
        answer = as_object(json.loads(line))
    except ValueError:
        answer = None
    if answer is None:
        raise UsageError(f"what listens at {path} is no osmia monitor")
    if answer.get("ok") is not True:
        raise UsageError(str(answer.get("error", "refused without a reason")))
    return answer


def _read_line(connection: socket.socket, limit: int) -> bytes:
    chunks: list[bytes] = []
    size = 0
    while True:
        chunk = connection.recv(65_536)
        end = chunk.find(b"\n")
        chunks.append(chunk if end < 0 else chunk[:end])
        size += len(chunks[-1])
        if size > limit:
            raise ValueError(f"it has more than {limit} bytes")
        if end >= 0 or not chunk:
            return b"".join(chunks)


def _is_permitted(client: socket.socket) -> bool:
    credentials = client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    _, user, _ = struct.unpack("3i", credentials)
    return user in (0, os.geteuid())
