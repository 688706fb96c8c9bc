"""Messages from kernel code. They arrive in Python's `logging`, under the logger "osmia.kernel".

The message is an f-string; only its values travel, the text is put together in user space.
"""

from __future__ import annotations

import logging

from osmia.lang.runtime import current_runtime

__all__ = ["debug", "error", "info", "warning"]


def debug(message: str) -> None:
    """A message of level DEBUG."""
    current_runtime().log(logging.DEBUG, message)


def info(message: str) -> None:
    """A message of level INFO."""
    current_runtime().log(logging.INFO, message)


def warning(message: str) -> None:
    """A message of level WARNING."""
    current_runtime().log(logging.WARNING, message)


def error(message: str) -> None:
    """A message of level ERROR."""
    current_runtime().log(logging.ERROR, message)
