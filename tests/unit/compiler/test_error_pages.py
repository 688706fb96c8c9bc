"""docs/errors: a page for each code, whose programs give what it shows."""

from __future__ import annotations

import inspect
import itertools
import re
import tempfile
from pathlib import Path

import pytest

from osmia import CompileError
from osmia.compiler import findings
from osmia.compiler.compile import compile_programs
from osmia.diagnostics import render
from tests.builders.kernel_modules import import_file, programs_of

FOLDER = Path(__file__).resolve().parents[3] / "docs" / "errors"
PAGES = sorted(path for path in FOLDER.glob("*.md") if path.stem not in ("README", "verifier"))
WITHOUT_PROGRAM = {"backend", "nested-too-deep"}
_numbers = itertools.count()


def message_of(program: str) -> tuple[str, set[str]]:
    """What is said of a program, and the codes in it; nothing and none where it compiles."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"page_{next(_numbers)}.py"
        file.write_text(program)
        try:
            compile_programs(programs_of(import_file(file)))
        except CompileError as error:
            text = render(error.diagnostics).replace(str(file), "program.py")
            return text + "\n", {each.code for each in error.diagnostics}
    return "", set()


def test_every_code_has_a_page() -> None:
    prose = "".join(path.read_text() for path in Path(inspect.getfile(findings)).parent.glob("*.py"))
    assert {path.stem for path in PAGES} == set(re.findall(r'Diagnostic\(\s*"([a-z-]+)"', prose))


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_the_page_is_true(path: Path) -> None:
    text = path.read_text()
    assert text.startswith(f"# {path.stem}\n\n")
    blocks: list[tuple[str, str]] = re.findall(r"```(python|text)\n(.*?)```", text, re.DOTALL)
    if path.stem in WITHOUT_PROGRAM:
        assert blocks == []
        return
    assert [kind for kind, _ in blocks] == ["python", "text", "python"]
    fails, shown, works = (block for _, block in blocks)
    assert message_of(fails) == (shown, {path.stem})
    assert message_of(works) == ("", set())


def test_the_overview_names_each_page() -> None:
    overview = (FOLDER / "README.md").read_text()
    for path in PAGES:
        assert f"[{path.stem}]({path.name})" in overview
