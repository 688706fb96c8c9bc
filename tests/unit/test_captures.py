"""Captures: written and read back, read as scapy writes them, and refused where they are damaged."""

from __future__ import annotations

import importlib
import io
import struct
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import given, strategies as st

from osmia import MalformedError, NotSupportedError, UsageError
from osmia.packets import Frame, PcapWriter, ethernet, ipv4, open_capture, read_capture, udp

scapy: Any = importlib.import_module("scapy.all")

Order = Literal["little", "big"]
ORDERS: list[Order] = ["little", "big"]

frames = st.lists(
    st.builds(
        Frame,
        timestamp_ns=st.integers(0, 2**32 * 10**9 - 1),
        data=st.binary(max_size=200),
        original_length=st.integers(200, 2**32 - 1),
    ),
    max_size=8,
)


def read(data: bytes) -> list[Frame]:
    return list(read_capture(io.BytesIO(data)))


def written(content: list[Frame], *, nanoseconds: bool = True, byte_order: Order = "little") -> bytes:
    stream = io.BytesIO()
    writer = PcapWriter(stream, nanoseconds=nanoseconds, byte_order=byte_order)
    for frame in content:
        writer.write(frame)
    return stream.getvalue()


@given(content=frames)
@pytest.mark.parametrize("byte_order", ORDERS)
def test_pcap_with_nanoseconds_round_trips(byte_order: Order, content: list[Frame]) -> None:
    assert read(written(content, byte_order=byte_order)) == content


@given(content=frames)
@pytest.mark.parametrize("byte_order", ORDERS)
def test_pcap_with_microseconds_loses_only_the_nanoseconds(byte_order: Order, content: list[Frame]) -> None:
    expected = [
        Frame(frame.timestamp_ns // 1000 * 1000, frame.data, frame.original_length) for frame in content
    ]
    assert read(written(content, nanoseconds=False, byte_order=byte_order)) == expected


def sample() -> bytes:
    return bytes(ethernet() / ipv4(src="10.0.0.9") / udp() / b"data")


@pytest.mark.parametrize(
    ("writer", "options"), [("wrpcap", {}), ("wrpcap", {"nano": True}), ("wrpcapng", {})]
)
def test_files_of_scapy(tmp_path: Path, writer: str, options: dict[str, object]) -> None:
    path = tmp_path / "file.pcap"
    packet = scapy.Ether(sample())
    packet.time = 1_700_000_000.25
    getattr(scapy, writer)(str(path), [packet, packet], **options)
    with open_capture(path) as capture:
        content = list(capture)
    assert content == [Frame(1_700_000_000_250_000_000, sample(), len(sample()))] * 2


def test_scapy_reads_ours(tmp_path: Path) -> None:
    path = tmp_path / "ours.pcap"
    path.write_bytes(written([Frame(1_700_000_000_123_456_789, sample(), 1500)]))
    (packet,) = scapy.rdpcap(str(path))
    assert bytes(packet) == sample()
    assert packet.wirelen == 1500
    assert packet.time == scapy.EDecimal("1700000000.123456789")


def test_frames_come_one_at_a_time() -> None:
    class Endless(io.RawIOBase):
        """A capture without end, of which a few bytes come at a time."""

        def __init__(self) -> None:
            self.waiting = written([])
            self.record = written([Frame(1, b"x" * 20, 20)])[24:]

        def readable(self) -> bool:
            return True

        def read(self, size: int = -1) -> bytes:
            self.waiting = self.waiting or self.record
            part, self.waiting = self.waiting[: min(size, 7)], self.waiting[min(size, 7) :]
            return part

    stream: Any = Endless()
    capture = read_capture(stream)
    assert [next(capture).data for _ in range(1000)] == [b"x" * 20] * 1000


def test_the_writer_refuses_what_has_no_room() -> None:
    writer = PcapWriter(io.BytesIO())
    for frame in (Frame(-1, b"", 0), Frame(2**32 * 10**9, b"", 0), Frame(0, bytes(262_145), 0)):
        with pytest.raises(UsageError):
            writer.write(frame)


def block(number: int, body: bytes, order: str = "<") -> bytes:
    length = 12 + len(body) + -len(body) % 4
    return (
        struct.pack(order + "II", number, length)
        + body
        + bytes(-len(body) % 4)
        + struct.pack(order + "I", length)
    )


def section(order: str = "<") -> bytes:
    return block(0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1), order)


def interface(*, link_type: int = 1, snap_length: int = 0, options: bytes = b"", order: str = "<") -> bytes:
    return block(1, struct.pack(order + "HHI", link_type, 0, snap_length) + options, order)


def option(code: int, value: bytes, order: str = "<") -> bytes:
    return struct.pack(order + "HH", code, len(value)) + value + bytes(-len(value) % 4)


def enhanced(
    ticks: int, data: bytes, *, index: int = 0, original: int | None = None, order: str = "<"
) -> bytes:
    length = len(data) if original is None else original
    header = struct.pack(order + "IIIII", index, ticks >> 32, ticks & 0xFFFFFFFF, len(data), length)
    return block(6, header + data, order)


@pytest.mark.parametrize("order", ["<", ">"])
def test_pcapng_in_both_byte_orders(order: str) -> None:
    data = section(order) + interface(order=order) + enhanced(5_000_001, b"abcde", original=99, order=order)
    assert read(data) == [Frame(5_000_001_000, b"abcde", 99)]


@pytest.mark.parametrize(
    ("options", "timestamp_ns"),
    [
        (b"", 3_000_000),
        (option(9, b"\x09"), 3_000),
        (option(9, b"\x03"), 3_000_000_000),
        (option(9, b"\x8a"), 3000 * 10**9 // 1024),
        (option(14, struct.pack("<q", 10)), 10_003_000_000),
        (option(2, b"eth0") + option(9, b"\x09") + option(0, b"") + option(9, b"\x03"), 3_000),
    ],
)
def test_pcapng_clocks(options: bytes, timestamp_ns: int) -> None:
    data = section() + interface(options=options) + enhanced(3000, b"x")
    assert read(data) == [Frame(timestamp_ns, b"x", 1)]


def test_pcapng_simple_packets_unknown_blocks_and_sections() -> None:
    simple = block(3, struct.pack("<I", 6) + b"abcdef")
    cut = block(3, struct.pack("<I", 600) + b"abcd")
    data = (
        section()
        + block(0x0BAD, bytes(300_000))
        + interface()
        + simple
        + enhanced(7, b"later")
        + simple
        + section(">")
        + interface(order=">")
        + enhanced(9, b"big", order=">")
        + section()
        + interface(snap_length=4)
        + cut
    )
    assert read(data) == [
        Frame(0, b"abcdef", 6),
        Frame(7_000, b"later", 5),
        Frame(7_000, b"abcdef", 6),
        Frame(9_000, b"big", 3),
        Frame(9_000, b"abcd", 600),
    ]


PCAP_HEADER = written([])
HUGE_RECORD = struct.pack("<IIII", 0, 0, 2**31, 2**31)

MALFORMED = {
    "empty": (b"", "ends where the magic number should be", 0),
    "short magic": (b"\xd4\xc3", "after 2 of 4 bytes", 0),
    "unknown magic": (b"GIF89a", "neither pcap nor pcapng", 0),
    "short header": (PCAP_HEADER[:10], "inside the file header", 4),
    "version": (PCAP_HEADER[:4] + b"\x09" + PCAP_HEADER[5:], "version 9 of pcap", 4),
    "short record": (PCAP_HEADER + b"\0" * 7, "inside a record header", 24),
    "no frame": (PCAP_HEADER + struct.pack("<IIII", 0, 0, 5, 5), "ends where a frame should be", 40),
    "cut frame": (written([Frame(0, b"abcdef", 6)])[:-1], "inside a frame, after 5 of 6", 40),
    "huge frame": (PCAP_HEADER + HUGE_RECORD, "2147483648 bytes; 262144 are the most", 24),
    "byte order": (section()[:8] + b"abcd", "no byte-order magic", 8),
    "section length": (struct.pack("<III", 0x0A0D0D0A, 12, 0x1A2B3C4D), "section header of 12 bytes", 4),
    "section version": (
        block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 2, 0, -1)),
        "version 2 of pcapng",
        12,
    ),
    "block length": (section() + struct.pack("<II", 1, 8), "a block of 8 bytes", 32),
    "ragged block": (section() + struct.pack("<II", 1, 21), "a block of 21 bytes", 32),
    "huge block": (section() + struct.pack("<II", 6, 2**31), "2147483648 bytes; 327680 are the most", 28),
    "cut block": (section() + interface()[:-6], "inside a block", 36),
    "second length": (section() + interface()[:-4] + struct.pack("<I", 24), "ends with the length 24", 44),
    "endless skipped block": (
        section() + struct.pack("<II", 99, 2**32 - 4),
        "ends where a block should be",
        36,
    ),
    "no interface": (section() + enhanced(0, b""), "interface 0, which is not described", 28),
    "short interface": (section() + block(1, b"abcd"), "interface description that is too short", 28),
    "short packet": (section() + interface() + block(6, bytes(8)), "packet block that is too short", 48),
    "short simple packet": (section() + interface() + block(3, b""), "packet block that is too short", 48),
    "frame leaves block": (
        section() + interface() + block(6, struct.pack("<IIIII", 0, 0, 0, 9, 9) + b"1234"),
        "a frame of 9 bytes in a block of 24",
        48,
    ),
    "huge frame in block": (
        section() + interface() + block(6, struct.pack("<IIIII", 0, 0, 0, 2**30, 9)),
        "262144 are the most",
        48,
    ),
    "option leaves block": (section() + interface(options=struct.pack("<HH", 2, 99)), "leaves its block", 28),
    "resolution": (section() + interface(options=option(9, b"12")), "option of the wrong length", 28),
}


@pytest.mark.parametrize("case", MALFORMED)
def test_damaged_captures(case: str) -> None:
    data, reason, offset = MALFORMED[case]
    with pytest.raises(MalformedError, match=reason) as caught:
        read(data)
    assert caught.value.what == "capture"
    assert caught.value.offset == offset


def test_good_frames_before_the_damage_are_given() -> None:
    capture = read_capture(io.BytesIO(written([Frame(0, b"good", 4)]) + b"bad"))
    assert next(capture).data == b"good"
    with pytest.raises(MalformedError):
        next(capture)


@pytest.mark.parametrize(
    "data",
    [
        PCAP_HEADER[:20] + struct.pack("<I", 113),
        section() + interface(link_type=113) + enhanced(0, b"x"),
    ],
)
def test_other_link_types_are_refused(data: bytes) -> None:
    with pytest.raises(NotSupportedError, match="link type 113"):
        read(data)


def test_packet_blocks_of_old_drafts_are_refused_not_lost() -> None:
    with pytest.raises(NotSupportedError, match="type 2"):
        read(section() + interface() + block(2, bytes(24)))


@given(st.binary(max_size=200))
@pytest.mark.parametrize("start", [b"", PCAP_HEADER, section(), section() + interface(), section(">")])
def test_any_bytes_are_read_or_refused(start: bytes, data: bytes) -> None:
    try:
        for frame in read_capture(io.BytesIO(start + data)):
            assert len(frame.data) <= frame.original_length
    except (MalformedError, NotSupportedError):
        return
