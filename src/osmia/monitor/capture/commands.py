"""What `osmia monitor capture` does."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from osmia.errors import OsmiaError
from osmia.monitor.capture.tap import Tap, TappedFrame
from osmia.monitor.client import MonitorClient
from osmia.monitor.control import NoMonitorError
from osmia.monitor.filter import FilterFields, parse_filter
from osmia.monitor.frames import FrameEnds, frame_ends
from osmia.monitor.model import Address, protocol_name
from osmia.monitor.sessions import choose_interfaces
from osmia.packets import PcapngWriter

__all__ = ["CaptureRequest", "capture"]

WAIT_SECONDS = 0.2
VERDICT_SECONDS = 1.0
MAXIMUM_VERDICTS = 4096


@dataclass(frozen=True, slots=True)
class CaptureRequest:
    """What to capture, and when to end: at the first bound that is met."""

    file: Path
    interfaces: Sequence[str] = ()
    filter: str = ""
    """As in the dashboard; `src` is the other end, `dst` this machine's."""
    frames: int | None = None
    bytes: int = 100 * 1024 * 1024
    """Of the file."""
    seconds: float | None = None
    control: str | None = None


def capture(request: CaptureRequest) -> int:
    """Write until a bound is met or Ctrl-C. Raises UsageError, PermissionDeniedError, OSError."""
    names = choose_interfaces(request.interfaces)
    wanted = parse_filter(request.filter)
    verdicts = _Verdicts(request.control)
    written = 0
    end = None if request.seconds is None else time.monotonic() + request.seconds
    with Tap(names) as tap, request.file.open("xb") as file:
        writer = PcapngWriter(file)
        for name in names:
            writer.add_interface(name)
        try:
            while (end is None or time.monotonic() < end) and written != request.frames:
                for tapped in tap.frames(WAIT_SECONDS):
                    ends = frame_ends(tapped.frame.data)
                    if ends is None or not wanted(_fields(ends, outbound=tapped.outbound)):
                        continue
                    if writer.bytes_written + len(tapped.frame.data) > request.bytes:
                        print(f"osmia: {request.file} has its {request.bytes} bytes", file=sys.stderr)
                        end = 0.0
                        break
                    _write(writer, tapped, verdicts.comment(_remote(ends, outbound=tapped.outbound)))
                    written += 1
                    if written == request.frames:
                        break
        except KeyboardInterrupt:
            pass
        lost = tap.count_lost()
    print(f"{request.file}: {written} frames{f', {lost} lost' if lost else ''}")
    return 0


def _write(writer: PcapngWriter, tapped: TappedFrame, comment: str) -> None:
    writer.write(tapped.frame, tapped.interface, comment=comment, outbound=tapped.outbound)


def _remote(ends: FrameEnds, *, outbound: bool) -> Address:
    return ends.destination if outbound else ends.source


def _fields(ends: FrameEnds, *, outbound: bool) -> FilterFields:
    """A frame as a row of connections, for the same filters."""
    remote = _remote(ends, outbound=outbound)
    local = ends.source if outbound else ends.destination
    protocol = protocol_name(ends.protocol)
    return FilterFields(
        {"src": remote, "dst": local},
        (ends.source_port, ends.destination_port),
        {"proto": protocol},
        f"{protocol} {local} {remote}",
    )


@dataclass
class _Verdicts:
    """What the running monitor says of addresses, asked at most once a second for each."""

    control: str | None
    _known: dict[Address, tuple[float, str]] = field(default_factory=dict[Address, tuple[float, str]])

    def comment(self, address: Address) -> str:
        """The verdict in words."""
        now = time.monotonic()
        known = self._known.get(address)
        if known is not None and now - known[0] < VERDICT_SECONDS:
            return known[1]
        try:
            text = MonitorClient(self.control).test(address).text
        except NoMonitorError:
            text = "no monitor is running: no list is in force"
        except (OsmiaError, OSError) as error:
            text = f"the monitor does not answer: {error}"
        if len(self._known) >= MAXIMUM_VERDICTS:
            self._known.clear()
        self._known[address] = now, text
        return text
