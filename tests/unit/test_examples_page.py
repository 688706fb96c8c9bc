"""The page of the examples names each of them, with the number of lines that it has."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from pathlib import Path

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
PAGE = (EXAMPLES / "README.md").read_text()
NAMES = {path.stem for path in EXAMPLES.glob("*.py")}
NO_CODE = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENDMARKER,
}


def code_lines(text: str) -> int:
    """Lines that are neither blank nor comment nor docstring."""
    lines = set[int]()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in NO_CODE:
            lines.update(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            assert node.end_lineno is not None
            lines.difference_update(range(node.lineno, node.end_lineno + 1))
    return len(lines)


def test_code_lines() -> None:
    assert (
        code_lines('"""Text\nof two lines."""\n\n# a comment\nx = (  # another\n    1\n)\n"""about x"""\n')
        == 3
    )


def test_each_example_is_on_the_page() -> None:
    assert set(re.findall(r"^\| \[(\w+)\]\(#\1\)", PAGE, re.MULTILINE)) == NAMES
    assert set(re.findall(r"^### (\w+)$", PAGE, re.MULTILINE)) == NAMES


def test_the_lines_are_counted() -> None:
    rows = re.findall(r"^\| (\w+) \| (\d+) \| (\d+) \| (\d+|none) \|", PAGE, re.MULTILINE)
    assert len(rows) == 11
    for name, ours, kernel, user in rows:
        assert int(ours) == code_lines((EXAMPLES / f"{name}.py").read_text()), name
        if user != "none":
            assert int(ours) < int(kernel) + int(user), name
