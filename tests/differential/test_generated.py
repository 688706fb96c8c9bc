"""Generated programs mean the same as plain Python and in the kernel."""

from __future__ import annotations

from pathlib import Path

from tests.differential.comparison import compare, write_module
from tests.differential.generator import module_text, packets

PROGRAMS = 8
PACKETS = 12


def test_plain_python_and_the_kernel_agree(seed: int, tmp_path: Path) -> None:
    path = write_module(tmp_path, f"generated_{seed}", module_text(seed, PROGRAMS))
    compare(path, packets(seed, PACKETS))


def test_texts_and_packets_follow_from_the_seed() -> None:
    assert module_text(3, 2) == module_text(3, 2)
    assert module_text(3, 2) != module_text(4, 2)
    assert packets(3, 2) == packets(3, 2)
