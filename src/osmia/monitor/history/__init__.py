"""The record of what was: written in the background, bounded, read by `osmia monitor history`."""

from __future__ import annotations

from osmia.monitor.history.reader import HistoryQuery, HistoryReader
from osmia.monitor.history.recorder import Recorder
from osmia.monitor.history.store import HistoryBounds, HistoryStore, history_file

__all__ = ["HistoryBounds", "HistoryQuery", "HistoryReader", "HistoryStore", "Recorder", "history_file"]
