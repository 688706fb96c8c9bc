"""The record: exact, bounded, readable while it is written, and what fails leaves it whole."""

from __future__ import annotations

import csv
import io
import ipaddress
import json
import os
import sqlite3
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from osmia.errors import MalformedError, NotSupportedError, UsageError
from osmia.monitor.configuration import default_configuration
from osmia.monitor.detect.alert import Alert, ScanKind, Technique
from osmia.monitor.history import HistoryBounds, HistoryQuery, HistoryReader, HistoryStore, Recorder, output
from osmia.monitor.history.commands import HistoryRequest, show_history
from osmia.monitor.history.reader import HistoryRow
from osmia.monitor.model import (
    Connection,
    ConnectionOwner,
    ConnectionState,
    Interface,
    InterfaceMode,
    Snapshot,
    Source,
    SourceOfPackets,
    TrafficCount,
)

START = 1_767_225_600.0
"""The begin of a minute."""
HERE, THERE = ipaddress.ip_address("10.99.7.1"), ipaddress.ip_address("10.99.7.2")
ALERT = Alert(
    1, THERE, HERE, ScanKind.VERTICAL, Technique.SYN, 0, 10**9, 100, 90, (1, 2), "high", True, "T1046", True
)
ALL = HistoryQuery(0.0, START * 2)


def connection(packets: int, *, port: int = 40_000, at: float = 0.0) -> Connection:
    return Connection(
        local=HERE,
        local_port=443,
        remote=THERE,
        remote_port=port,
        protocol=6,
        state=ConnectionState.ESTABLISHED,
        received=TrafficCount(packets, packets * 100),
        sent=TrafficCount(packets * 2, packets * 300),
        first_seen_ns=0,
        last_seen_ns=int(at * 1e9),
        owner=ConnectionOwner(4711, 33, "nginx"),
        round_trip_us=1500,
    )


def snapshot(at: float, *connections: Connection, alerts: tuple[Alert, ...] = ()) -> Snapshot:
    received = sum(one.received.packets for one in connections)
    return Snapshot(
        number=int(at),
        taken=START + at,
        clock_ns=int(at * 1e9),
        packets_from=SourceOfPackets.LIVE,
        interfaces=(
            Interface(
                "veth0",
                3,
                InterfaceMode.NATIVE,
                TrafficCount(received, received * 100),
                TrafficCount(),
                TrafficCount(),
                True,
            ),
        ),
        sources=(Source(THERE, TrafficCount(received, received * 100), 0, int(at * 1e9)),),
        connections=connections,
        alerts=alerts,
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state/history.db"


class Notices(list[str]):
    """What the user was told."""


def record(path: Path, *snapshots: Snapshot, bounds: HistoryBounds | None = None) -> Notices:
    """Write snapshots one after the other."""
    told = Notices()
    recorder = Recorder(path, told.append, bounds)
    for one in snapshots:
        recorder.subscriber(one, ())
        recorder.write()
    recorder.close()
    return told


def test_what_was_added_between_snapshots_is_summed_to_what_was_counted(path: Path) -> None:
    told = record(
        path,
        snapshot(1, connection(10)),
        snapshot(1, connection(10)),
        snapshot(30, connection(25), connection(4, port=40_001)),
        snapshot(70, connection(26), connection(4, port=40_001)),
    )
    assert told == []
    first, second = HistoryReader(path).flows(ALL)
    assert (first["received_packets"], first["received_bytes"], first["sent_bytes"]) == (26, 2600, 7800)
    assert (second["remote_port"], second["received_packets"]) == (40_001, 4)
    assert (first["process"], first["pid"], first["uid"], first["round_trip_us"]) == ("nginx", 4711, 33, 1500)
    late = replace(ALL, since=START + 61)
    (only,) = HistoryReader(path).flows(late)
    assert only["received_packets"] == 1


def test_a_row_that_was_pushed_out_and_made_anew_counts_from_zero(path: Path) -> None:
    record(path, snapshot(1, connection(10)), snapshot(2, connection(3)))
    (row,) = HistoryReader(path).flows(ALL)
    assert row["received_packets"] == 13


@pytest.mark.parametrize(
    ("query", "found"),
    [
        (replace(ALL, source=ipaddress.ip_network("10.99.7.2/32")), 1),
        (replace(ALL, source=ipaddress.ip_network("10.99.7.1/32")), 0),
        (replace(ALL, destination=ipaddress.ip_network("10.99.7.0/31")), 1),
        (replace(ALL, address=ipaddress.ip_network("10.0.0.0/8")), 1),
        (replace(ALL, address=ipaddress.ip_network("2001:db8::/32")), 0),
        (replace(ALL, source=ipaddress.ip_network("0.0.0.0/0")), 1),
        (replace(ALL, port=443), 1),
        (replace(ALL, port=40_000), 1),
        (replace(ALL, port=22), 0),
        (replace(ALL, process="nginx"), 1),
        (replace(ALL, process="sshd"), 0),
        (replace(ALL, protocol="tcp"), 1),
        (replace(ALL, protocol="17"), 0),
        (replace(ALL, until=START - 1), 0),
    ],
)
def test_a_query_finds_what_it_asks_for(path: Path, query: HistoryQuery, found: int) -> None:
    record(path, snapshot(1, connection(10)))
    assert len(list(HistoryReader(path).flows(query))) == found


def test_an_alert_is_one_row_that_is_updated(path: Path) -> None:
    later = replace(ALERT, probes=200, last_seen_ns=5 * 10**9)
    record(path, snapshot(1, alerts=(ALERT,)), snapshot(5, alerts=(later,)))
    (row,) = HistoryReader(path).alerts(ALL)
    assert (row["source"], row["last_seen"], row["technique"]) == ("10.99.7.2", START + 5, "syn")
    assert "200 probes" in str(row["reason"])


def test_a_moment_is_the_minute_with_its_rates(path: Path) -> None:
    record(path, snapshot(1, connection(60)), snapshot(61, connection(180)))
    reader = HistoryReader(path)
    assert reader.moment(START - 1) is None
    then, now = reader.moment(START + 59), reader.moment(START + 3600)
    assert then is not None
    assert now is not None
    assert (then.taken, now.taken) == (START + 60, START + 120)
    assert (then.received.packets, now.received.packets) == (60, 120)
    assert now.connections[0].received.packets_per_second == 2.0
    assert now.connections[0].owner == ConnectionOwner(4711, 33, "nginx")
    assert [point.received for point in now.history] == [100.0, 200.0]
    assert now.packets_from is SourceOfPackets.HISTORY


def test_forms_of_output(path: Path) -> None:
    record(path, snapshot(1, connection(10)))
    rows = list(HistoryReader(path).flows(ALL))
    as_json, as_csv, as_table = io.StringIO(), io.StringIO(), io.StringIO()
    output.write_json(rows, as_json)
    output.write_csv(rows, as_csv)
    output.write_table(rows, as_table)
    (loaded,) = map(json.loads, as_json.getvalue().splitlines())
    (read,) = csv.DictReader(io.StringIO(as_csv.getvalue()))
    assert loaded["last_seen"] == read["last_seen"] == "2026-01-01T00:00:00.000+00:00"
    assert {name: str(value) for name, value in loaded.items()} == read
    assert "nginx (4711)" in as_table.getvalue()
    assert "1.5 ms" in as_table.getvalue()


def test_parquet_without_its_package(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(NotSupportedError, match="pip install pyarrow"):
        output.write_parquet([], path)


def test_old_minutes_go_by_age(path: Path) -> None:
    bounds = HistoryBounds(seconds=3600.0)
    record(path, snapshot(0, connection(1)), snapshot(7200, connection(2)), bounds=bounds)
    (row,) = HistoryReader(path).flows(ALL)
    assert row["received_packets"] == 1


def test_old_minutes_go_by_size(path: Path) -> None:
    bounds = HistoryBounds(bytes=1024 * 1024)
    store = HistoryStore(path, bounds)
    for minute in range(200):
        slot = int(START) + minute * 60
        store.add(
            [
                (slot, 6, bytes(16), 443, bytes(16), port, 1, 1, 1, 1, 0.0, 0.0, "active", "", 0, -1, 0, 0)
                for port in range(200)
            ],
            [],
            [],
            [],
        )
        store.prune(START)
        assert store.bytes <= bounds.bytes
    store.close()
    assert path.stat().st_size <= 2 * bounds.bytes
    database = sqlite3.connect(path)
    ((first, last),) = database.execute("SELECT min(slot), max(slot) FROM flows").fetchall()
    database.close()
    assert START < first < last == START + 199 * 60


def test_a_damaged_file_is_put_aside(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"no database at all" * 1000)
    (notice,) = record(path, snapshot(1, connection(10)))
    assert "history.damaged" in notice
    assert path.with_suffix(".damaged").read_bytes().startswith(b"no database")
    assert len(list(HistoryReader(path).flows(ALL))) == 1


def test_two_monitors_do_not_write_to_one_history(path: Path) -> None:
    first = HistoryStore(path)
    (notice, *_) = record(path, snapshot(1, connection(10)))
    first.close()
    assert "another monitor writes to" in notice


def test_what_a_full_disk_did_not_take_is_written_later(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    recorder = Recorder(path, told.append)
    recorder.subscriber(snapshot(1, connection(10)), ())
    recorder.write()
    whole = HistoryStore.add

    def full(self: HistoryStore, *rows: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(HistoryStore, "add", full)
    recorder.subscriber(snapshot(20, connection(25)), ())
    recorder.write()
    assert recorder.failures == 1
    monkeypatch.setattr(HistoryStore, "add", whole)
    recorder.subscriber(snapshot(40, connection(30)), ())
    recorder.close()
    assert (recorder.failures, len(told)) == (0, 1)
    assert "disk is full" in told[0]
    (row,) = HistoryReader(path).flows(ALL)
    assert row["received_packets"] == 30


def test_a_history_of_a_later_version_is_left_alone(path: Path) -> None:
    HistoryStore(path).close()
    database = sqlite3.connect(path)
    database.execute("PRAGMA user_version = 99")
    database.close()
    with pytest.raises(UsageError, match="later osmia"):
        HistoryStore(path)
    with pytest.raises(UsageError, match="no history of this version"):
        HistoryReader(path)


def test_a_clock_that_jumps_back_loses_nothing(path: Path) -> None:
    before, after = snapshot(600, connection(10)), snapshot(601, connection(15))
    record(path, before, replace(after, taken=START + 5))
    (row,) = HistoryReader(path).flows(ALL)
    assert row["received_packets"] == 15


KILLED = """
import sys, time
from pathlib import Path
from osmia.monitor.history import Recorder
from tests.monitor.test_history import connection, snapshot
recorder = Recorder(Path(sys.argv[1]), print, seconds=0.05)
recorder.start()
packets = 0
while True:
    packets += 1
    recorder.subscriber(snapshot(packets / 100, connection(packets)), ())
    if packets % 100 == 0:
        print(packets, flush=True)
    time.sleep(0.001)
"""


def read_while_written(path: Path) -> list[HistoryRow]:
    try:
        return list(HistoryReader(path).flows(ALL))
    except (UsageError, sqlite3.OperationalError):
        return []  # it is not there yet


def test_a_kill_leaves_a_whole_history(path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(path)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": "."},
    )
    assert process.stdout is not None
    seen = 0
    while seen < 300:
        process.stdout.readline()
        seen = sum(int(str(row["received_packets"])) for row in read_while_written(path))
    process.kill()
    process.wait()
    process.stdout.close()
    (row,) = HistoryReader(path).flows(ALL)
    assert int(str(row["received_packets"])) >= seen
    # And the next monitor goes on with it.
    assert record(path, snapshot(100, connection(1, port=9))) == []
    assert len(list(HistoryReader(path).flows(ALL))) == 2


def test_the_command(path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OSMIA_STATE_DIRECTORY", str(path.parent))
    with pytest.raises(UsageError, match="there is no history"):
        show_history(HistoryRequest(), default_configuration())
    now = time.time()
    record(path, replace(snapshot(1, connection(10), alerts=(ALERT,)), taken=now))
    show_history(HistoryRequest(source="10.99.0.0/16", form="json"), default_configuration())
    assert json.loads(capsys.readouterr().out)["remote"] == "10.99.7.2"
    show_history(HistoryRequest(what="alerts"), default_configuration())
    assert "SYN scan" in capsys.readouterr().out
    show_history(HistoryRequest(since="2001-01-01", until="2001-01-02T10:00"), default_configuration())
    assert capsys.readouterr().out == "nothing was recorded\n"
    with pytest.raises(UsageError, match="is no time"):
        show_history(HistoryRequest(since="yesterday"), default_configuration())
    path.write_bytes(path.read_bytes()[:2000] + b"damage" * 2000)
    with pytest.raises(MalformedError):
        show_history(HistoryRequest(), default_configuration())
