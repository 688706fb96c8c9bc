"""docs/errors/verifier.md: the verifier refuses and accepts its programs with what the page shows."""

from __future__ import annotations

import itertools
import re
import tempfile
from pathlib import Path

import osmia
from osmia import VerifierError
from osmia.loader.verifier import CAUSES
from tests.builders.kernel_modules import import_file, programs_of

PAGE = Path(__file__).resolve().parents[2] / "docs" / "errors" / "verifier.md"
_numbers = itertools.count()


def message_of(program: str) -> str:
    """What is said of a program, without the size of the log; nothing where it is accepted."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"page_{next(_numbers)}.py"
        file.write_text(program)
        try:
            osmia.load(*programs_of(import_file(file))).close()
        except VerifierError as error:
            text = str(error).replace(str(file), "program.py")
            return re.sub(r"\(\d+ lines", "(… lines", text) + "\n"
    return ""


def test_each_program_is_judged_as_the_page_says() -> None:
    blocks: list[tuple[str, str]] = re.findall(r"```(python|text)\n(.*?)```", PAGE.read_text(), re.DOTALL)
    kinds = [kind for kind, _ in blocks]
    assert kinds == ["python", "text", "python"] * (len(blocks) // 3)
    assert len(blocks) >= 9
    for (_, fails), (_, shown), (_, works) in zip(blocks[::3], blocks[1::3], blocks[2::3], strict=True):
        assert message_of(fails) == shown
        assert message_of(works) == ""


def test_every_known_cause_is_on_the_page() -> None:
    text = PAGE.read_text()
    for each in CAUSES:
        assert f"| {each.cause.format('…')} | {each.help} |" in text
