"""docs/language.md: its tables are the compiler's, its examples are compiled and run as plain Python."""

from __future__ import annotations

import ast
import re
from itertools import count
from pathlib import Path

import pytest

import osmia
from osmia.compiler.compile import check
from osmia.compiler.frontend.refused import COMPILED
from tests.builders.kernel_modules import import_file, programs_of
from tools.generate_language_page import PAGE, ROOT, page

TEXT = PAGE.read_text()
(TEMPLATE,) = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
ROWS: list[tuple[str, str]] = re.findall(
    r"^\| `((?:\\\||[^|])+)` \| ([A-Za-z, ]+) \| ", TEXT.split("## Refused")[0], re.MULTILINE
)
numbers = count()


def example(cell: str) -> str:
    return cell.replace("\\|", "|").replace(" ⏎ ", "\n")


def classes_of(text: str) -> set[str]:
    return {type(node).__name__ for node in ast.walk(ast.parse(text))}


def test_the_tables_are_those_of_the_code() -> None:
    assert page(TEXT) == TEXT, "run python -m tools.generate_language_page"


def test_every_class_of_ast_that_is_compiled_has_a_row() -> None:
    shown = {name.strip() for _, names in ROWS for name in names.split(",")} | {"FunctionDef"}
    assert shown == {python_class.__name__ for python_class in COMPILED}
    assert "`FunctionDef`" in TEXT


@pytest.mark.parametrize(("cell", "names"), ROWS, ids=[cell for cell, _ in ROWS])
def test_each_example_is_compiled_and_runs(cell: str, names: str, tmp_path: Path) -> None:
    text = example(cell)
    inside = "def f():\n" + "\n".join(f"    {line}" for line in text.splitlines())
    assert classes_of(f"while True:\n    {text}" if text == "pass" else inside) >= {
        name.strip() for name in names.split(",")
    }
    lines = "\n".join(f"    {line}" for line in text.splitlines())
    file = tmp_path / f"language_row_{next(numbers)}.py"
    file.write_text(TEMPLATE.replace("    ...\n", f"{lines}\n"))
    module = import_file(file)
    (program,) = programs_of(module)
    assert [function.name for function in check((program,)).functions] == ["program"]
    assert isinstance(program, osmia.XdpProgram)
    with osmia.simulate(program) as bpf:
        assert bpf[program].run(bytes(64)).action in (osmia.XdpAction.PASS, osmia.XdpAction.DROP)


def test_all_of_the_vocabulary_is_on_the_page() -> None:
    for name in osmia.__all__:
        module = str(getattr(getattr(osmia, name), "__module__", ""))
        if module.startswith("osmia.lang."):
            assert f"[`{name}`](../src/osmia/" in TEXT, name


def test_links_lead_somewhere() -> None:
    links: set[str] = set(re.findall(r"\]\(([^)#, ]+)\)", TEXT))
    assert {link for link in links if not (ROOT / "docs" / link).exists()} == set()
