"""What `argparse` gives for adding sub-commands, whose class has a private name."""

from __future__ import annotations

import argparse
from typing import Protocol

__all__ = ["SubCommands"]


class SubCommands(Protocol):
    """The result of `ArgumentParser.add_subparsers`."""

    def add_parser(
        self,
        name: str,
        *,
        help: str | None = None,
        description: str | None = None,
        epilog: str | None = None,
        formatter_class: type[argparse.HelpFormatter] = argparse.HelpFormatter,
    ) -> argparse.ArgumentParser:
        """Add one sub-command."""
        ...
