"""The table of settings: one row each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from osmia.monitor.configuration.kinds import (
    Kind,
    boolean,
    choice,
    duration,
    integer,
    loopback,
    number,
    text,
    texts,
)
from osmia.monitor.lists.store import MAXIMUM_RULES

__all__ = ["SETTINGS", "Setting"]

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Setting(Generic[T]):
    """One thing that can be set."""

    key: str
    """Its place in the file: "interval", or "TABLE.NAME"."""
    kind: Kind[T]
    default: T
    help: str
    restart: bool = False
    """Whether a running monitor keeps the value it was started with."""

    @property
    def variable(self) -> str:
        """The environment variable that sets it."""
        return "OSMIA_" + self.key.upper().replace(".", "_")


INTERFACES = Setting(
    "interfaces", texts(), (), "what to watch; [] for that of the default route", restart=True
)
MODE = Setting("mode", choice("auto", "native", "generic"), "auto", "XDP mode", restart=True)
INTERVAL = Setting("interval", number(0.05, 3600.0), 1.0, "seconds between snapshots", restart=True)
CONTROL = Setting("control", text(), "", 'path of the control socket; "" for the usual one', restart=True)

TARGETS = Setting("detection.targets", integer(2, 1000), 15, "distinct (address, port) in a window: a scan")
ODD = Setting("detection.odd", integer(1, 1000), 5, "packets in a window that make no sense: a scan")
SILENCE = Setting("detection.silence", duration("1h"), 60.0, "without a probe for so long, a scan is over")
WINDOW = Setting("detection.window", duration("1h"), 60.0, "length of a window", restart=True)
SLOW_TARGETS = Setting(
    "detection.slow_targets", integer(4, 1000), 8, "distinct (address, port) without an answer: a slow scan"
)
SLOW_WINDOW = Setting("detection.slow_window", duration("7d"), 86_400.0, "how long a slow scan is remembered")
DISTRIBUTED_SOURCES = Setting(
    "detection.distributed_sources", integer(2, 1000), 5, "sources that make a distributed scan"
)
DISTRIBUTED_PORTS = Setting(
    "detection.distributed_ports",
    integer(5, 10_000),
    30,
    "ports of one address that they ask for in a minute",
)

AUTOMATIC = Setting("blocking.automatic", boolean(), False, "block the sources of alerts, where proven")
LIFETIME = Setting(
    "blocking.lifetime", duration("365d"), 14_400.0, "of an automatic block; doubles each time"
)
MAXIMUM_LIFETIME = Setting("blocking.maximum_lifetime", duration("365d"), 604_800.0, "of an automatic block")
MAXIMUM_ENTRIES = Setting(
    "blocking.maximum_entries", integer(1, MAXIMUM_RULES), 1000, "automatic blocks at a time"
)
HANDSHAKES = Setting("blocking.handshakes", integer(2, 1000), 5, "targets connected to that prove a source")

BLOCK_LISTS = Setting("lists.block", texts(), (), "files of networks to block")
ALLOW_LISTS = Setting("lists.allow", texts(), (), "files of networks never to block")

EVENTS = Setting(
    "events.output", text(), "-", 'file of the JSON lines; "-" for standard output, "" for none', restart=True
)
SCHEMA = Setting("events.schema", choice("eve", "ecs"), "eve", "whose field names events have", restart=True)
STATS_INTERVAL = Setting(
    "events.stats_interval", number(1.0, 86_400.0, also=0.0), 10.0, "seconds between stats events; 0 for none"
)

RECORD = Setting("history.record", boolean(), True, "keep a record of connections and alerts", restart=True)
HISTORY_PATH = Setting(
    "history.path", text(), "", 'file of the record; "" for history.db beside the lists', restart=True
)
HISTORY_AGE = Setting("history.age", duration("3650d"), 604_800.0, "how long it is kept", restart=True)
HISTORY_SIZE = Setting("history.megabytes", integer(16, 1_000_000), 256, "how large it gets", restart=True)

METRICS = Setting(
    "metrics.listen",
    loopback(),
    "",
    'where Prometheus asks, as "127.0.0.1:9464"; "" for nowhere',
    restart=True,
)

SETTINGS: tuple[Setting[Any], ...] = (
    INTERFACES,
    MODE,
    INTERVAL,
    CONTROL,
    TARGETS,
    ODD,
    SILENCE,
    WINDOW,
    SLOW_TARGETS,
    SLOW_WINDOW,
    DISTRIBUTED_SOURCES,
    DISTRIBUTED_PORTS,
    AUTOMATIC,
    LIFETIME,
    MAXIMUM_LIFETIME,
    MAXIMUM_ENTRIES,
    HANDSHAKES,
    BLOCK_LISTS,
    ALLOW_LISTS,
    EVENTS,
    SCHEMA,
    STATS_INTERVAL,
    RECORD,
    HISTORY_PATH,
    HISTORY_AGE,
    HISTORY_SIZE,
    METRICS,
)
