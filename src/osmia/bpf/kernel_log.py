"""Log messages of loaded programs, brought into Python's `logging`."""

from __future__ import annotations

import logging
import os
import select
import threading

from osmia.errors import MalformedError
from osmia.loader import EventBytes, MapObject, RingBufferReader
from osmia.loader.log import LogDecoder

KERNEL_LOGGER = logging.getLogger("osmia.kernel")


class LogForwarder:
    """A thread that hands the log messages of kernel code to the logger "osmia.kernel"."""

    def __init__(self, created: MapObject, decoder: LogDecoder) -> None:
        self._reader = RingBufferReader(created, EventBytes())
        self._decoder = decoder
        self._stop = os.eventfd(0, os.EFD_CLOEXEC)
        self._thread = threading.Thread(target=self._forward, name="osmia log", daemon=True)

    def __enter__(self) -> LogForwarder:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        os.eventfd_write(self._stop, 1)
        self._thread.join()
        os.close(self._stop)
        self._hand_on()
        self._reader.close()

    def _forward(self) -> None:
        poll = select.poll()
        poll.register(self._reader.fileno(), select.POLLIN)
        poll.register(self._stop, select.POLLIN)
        while all(descriptor != self._stop for descriptor, _ in poll.poll()):
            self._hand_on()

    def _hand_on(self) -> None:
        for record in self._reader.read(0):
            try:
                self._hand_on_one(record)
            except MalformedError as error:
                # One bad record must not end the thread: those after it are still wanted.
                KERNEL_LOGGER.warning("a log record of the kernel cannot be read: %s", error)

    def _hand_on_one(self, record: bytes) -> None:
        message = self._decoder.decode(record)
        if not KERNEL_LOGGER.isEnabledFor(message.level):
            return
        KERNEL_LOGGER.handle(
            logging.LogRecord(
                KERNEL_LOGGER.name,
                message.level,
                message.filename,
                message.line,
                message.text,
                None,
                None,
                message.function,
            )
        )
