"""What of the configuration acts in a running monitor, and changes when it is read anew."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import osmia
from osmia.errors import OsmiaError
from osmia.monitor import kernel
from osmia.monitor.configuration import Configuration, settings
from osmia.monitor.detect.detector import Detector, Thresholds
from osmia.monitor.lists.automatic import AutomaticBlocker, BlockingLimits
from osmia.monitor.lists.book import RuleBook
from osmia.monitor.lists.formats import read_list
from osmia.monitor.lists.rules import LIST_ORIGIN, MAXIMUM_TEXT, Rule
from osmia.monitor.model import RuleAction

__all__ = ["Policy", "blocking_limits", "detection_thresholds", "kernel_constants"]

LIST_SETTINGS = {RuleAction.BLOCK: settings.BLOCK_LISTS, RuleAction.ALLOW: settings.ALLOW_LISTS}


def kernel_constants(configuration: Configuration) -> dict[osmia.Constant[Any], osmia.u32 | osmia.u64]:
    """The constants of the kernel programs: they report a source before the rule would call it a scan."""
    return {
        kernel.WINDOW_NS: osmia.u64(round(configuration[settings.WINDOW] * 1e9)),
        kernel.REPORT_TARGETS: osmia.u32(
            min(int(kernel.REPORT_TARGETS.default), configuration[settings.TARGETS])
        ),
        kernel.REPORT_ODD: osmia.u32(min(int(kernel.REPORT_ODD.default), configuration[settings.ODD])),
    }


def detection_thresholds(configuration: Configuration) -> Thresholds:
    """When probes are a scan."""
    return Thresholds(
        targets=configuration[settings.TARGETS],
        odd=configuration[settings.ODD],
        silence_ns=round(configuration[settings.SILENCE] * 1e9),
        slow_targets=configuration[settings.SLOW_TARGETS],
        slow_window_ns=round(configuration[settings.SLOW_WINDOW] * 1e9),
        distributed_sources=configuration[settings.DISTRIBUTED_SOURCES],
        distributed_ports=configuration[settings.DISTRIBUTED_PORTS],
    )


def blocking_limits(configuration: Configuration) -> BlockingLimits:
    """What is blocked without being asked for."""
    return BlockingLimits(
        enabled=configuration[settings.AUTOMATIC],
        lifetime=configuration[settings.LIFETIME],
        maximum_lifetime=configuration[settings.MAXIMUM_LIFETIME],
        maximum_entries=configuration[settings.MAXIMUM_ENTRIES],
        handshakes=configuration[settings.HANDSHAKES],
    )


class Policy:
    """Thresholds, limits and list files of one running monitor."""

    def __init__(
        self,
        configuration: Configuration,
        detector: Detector,
        book: RuleBook,
        blocker: AutomaticBlocker,
    ) -> None:
        self._started_with = configuration
        self._reported = kernel_constants(configuration)
        self._detector = detector
        self._book = book
        self._blocker = blocker
        self._lists: dict[tuple[RuleAction, str], None] = {}

    def start(self, now: float) -> list[str]:
        """Put the list files in force; what was left out, in words.

        `now` is in seconds since the epoch. Raises MalformedError, UsageError and OSError for a file
        that cannot be taken: a monitor does not start with half of its lists.
        """
        told: list[str] = []
        for action, path in _list_files(self._started_with):
            told += self._read(action, path, now)
        return told

    def apply(self, configuration: Configuration, now: float) -> list[str]:
        """Take over what can change while it runs; what was done, and what was not, in words."""
        self._detector.thresholds = detection_thresholds(configuration)
        self._blocker.limits = blocking_limits(configuration)
        told = [
            f"{key} has changed, which needs a restart"
            for key in self._started_with.changes_that_need_a_restart(configuration)
        ]
        for constant, value in kernel_constants(configuration).items():
            if constant is not kernel.WINDOW_NS and int(value) < int(self._reported[constant]):
                told.append(
                    f"scans of fewer than {int(self._reported[constant])} probes are found after a restart"
                )
        files = _list_files(configuration)
        for action, path in [known for known in self._lists if known not in files]:
            gone = self._book.sync(action, LIST_ORIGIN + path, []).removed
            del self._lists[action, path]
            told.append(f"{path} is no list any more: {gone} networks taken out")
        for action, path in files:
            try:
                told += self._read(action, path, now)
            except (OsmiaError, OSError) as error:
                told.append(f"{path} stays as it was: {error}")
        return told

    def _read(self, action: RuleAction, path: str, now: float) -> list[str]:
        origin = (LIST_ORIGIN + path)[:MAXIMUM_TEXT]
        rules = [Rule(entry.network, action, entry.note, origin, now) for entry in read_list(Path(path))]
        done = self._book.sync(action, origin, rules)
        self._lists[action, path] = None
        told = [f"{path}: {refused}" for refused in done.refused[:3]]
        if len(done.refused) > len(told):
            told.append(f"{path}: {len(done.refused) - len(told)} more networks left out")
        return told


def _list_files(configuration: Configuration) -> list[tuple[RuleAction, str]]:
    return [(action, path) for action, setting in LIST_SETTINGS.items() for path in configuration[setting]]
