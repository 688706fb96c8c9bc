"""Generated programs mean the same as plain Python and in the kernel."""

from __future__ import annotations

from pathlib import Path

from tests.differential.batch import FUNCTIONS, compare_functions
from tests.differential.comparison import compare, write_module
from tests.differential.generator import module_text, packets
from tests.differential.modules import module_of_functions
from tests.differential.operations import Tally

PROGRAMS = 8
PACKETS = 12


def test_plain_python_and_the_kernel_agree(seed: int, tmp_path: Path) -> None:
    path = write_module(tmp_path, f"generated_{seed}", module_text(seed, PROGRAMS))
    compare(path, packets(seed, PACKETS))


def test_small_functions_agree(functions_seed: int, tmp_path: Path) -> None:
    tally = Tally()
    assert [str(found) for found in compare_functions(functions_seed, tmp_path, tally)] == []
    assert tally.hits > FUNCTIONS


def test_texts_and_packets_follow_from_the_seed() -> None:
    assert module_text(3, 2) == module_text(3, 2)
    assert module_text(3, 2) != module_text(4, 2)
    assert packets(3, 2) == packets(3, 2)
    assert module_of_functions(3, 20) == module_of_functions(3, 20)
    assert module_of_functions(3, 20).text != module_of_functions(4, 20).text


def test_every_cell_stands_in_some_function() -> None:
    """Written, that is; `python -m tests.differential` counts which lines are run."""
    tally = Tally()
    for seed in range(48):
        for cells in module_of_functions(seed, FUNCTIONS).cells.values():
            tally.add(cells)
    assert [cell for cell, _ in tally.missing(least=1)] == []
