"""The pages of the site: their programs compile, their commands print what is shown.

A page is worked through from top to bottom in a folder of its own. A block of Python with a title is a file,
all others together are one module. Commands of console blocks are run and must print what stands below them;
`…` stands for anything. With OSMIA_UPDATE_DOCS=1 what they print is written into the page. Commands with sudo
are only parsed. A file wrong_*.py is refused, as a console block shows.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from osmia.cli.main import parser
from osmia.cli.monitor import with_default_command
from osmia.compiler.compile import compile_programs
from tests.builders.clang import compile_c
from tests.builders.kernel_modules import import_file, programs_of

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(file for folder in ("tutorial", "guides", "course") for file in (DOCS / folder).glob("*.md"))
FENCE = re.compile(
    r'^(?P<indent> *)```(?P<language>\w*)(?: title="(?P<title>[^"]+)")?\n(?P<text>.*?)^(?P=indent)```$',
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Block:
    language: str
    title: str | None
    text: str


def blocks_of(page: Path) -> list[Block]:
    found: list[Block] = []
    for match in FENCE.finditer(page.read_text()):
        indent = len(match["indent"])
        text = "".join(line[indent:] or "\n" for line in match["text"].splitlines(keepends=True))
        found.append(Block(match["language"], match["title"], text))
    return found


def commands_of(block: Block) -> list[tuple[str, str]]:
    """Each command with what stands below it."""
    parts = re.split(r"^\$ (.*)\n", block.text, flags=re.MULTILINE)
    assert not parts[0], "a console block begins with a command"
    return list(zip(parts[1::2], parts[2::2], strict=True))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(DOCS)))
def test_the_page_is_true(page: Path, tmp_path: Path) -> None:
    others: list[str] = []
    for block in blocks_of(page):
        if block.language == "python" and block.title is None:
            others.append(block.text)
        elif block.language == "python":
            assert block.title is not None
            write_file(tmp_path / block.title, block.text)
        elif block.language == "c" and shutil.which("clang"):
            assert compile_c(block.text, prologue="").startswith(b"\x7fELF")
        elif block.language == "console":
            for command, output in commands_of(block):
                printed = run_command(tmp_path, command)
                if printed is None or matches(printed, output):
                    continue
                assert os.environ.get("OSMIA_UPDATE_DOCS"), f"$ {command}\n{printed}"
                old, new = f"$ {command}\n{output}", f"$ {command}\n{printed}\n"
                page.write_text(page.read_text().replace(old, new))
    if others:
        write_file(tmp_path / f"page_{page.stem}.py", "\n\n".join(others))


def write_file(file: Path, text: str) -> None:
    """Write a program; it is compiled, unless it is wrong on purpose or a test."""
    file.parent.mkdir(exist_ok=True)
    file.write_text(text)
    if file.suffix != ".py" or file.name.startswith(("wrong_", "test_")):
        return
    sys.path.insert(0, str(file.parent))
    try:
        module = import_file(file)
    finally:
        sys.path.remove(str(file.parent))
    programs = programs_of(module)
    if programs:
        assert compile_programs(programs).startswith(b"\x7fELF")


def run_command(folder: Path, command: str) -> str | None:
    """What a command prints; None for one with sudo, which is only parsed."""
    words = shlex.split(command, comments=True)
    if words[0] == "sudo":
        if words[1] == "osmia":
            given = words[2:]
            if given[0] == "monitor":
                given[1:] = with_default_command(given[1:])
            assert callable(parser().parse_args(given).handler)
        return None
    assert words[0] in ("osmia", "python", "pytest", "mypy"), f"{command}: not run by this test"
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    environment |= {"MYPYPATH": str(ROOT / "src"), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "COLUMNS": "100"}
    done = subprocess.run(
        ["bash", "-c", f"{command} 2>&1"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=100,
    )
    return done.stdout.strip().replace(f"{folder}/", "")


def matches(printed: str, shown: str) -> bool:
    """Whether it is what the page shows, where `…` stands for anything.

    Times differ, and so do sizes of objects, which hold the folder's name.
    """
    pattern = re.escape(shown.strip()).replace("…", ".*")
    pattern = re.sub(r"\d+\\\.\d+s", r"[\\d.]+s", pattern)
    pattern = re.sub(r"\d+\\ bytes,", r"\\d+\\ bytes,", pattern)
    return re.fullmatch(pattern, printed, re.DOTALL) is not None


def test_every_block_is_one_that_is_looked_at() -> None:
    for page in PAGES:
        for block in blocks_of(page):
            assert block.language in ("python", "console", "c", "rust", "bpftrace", "ini", "yaml", "text"), (
                page
            )


def test_the_pages_lead_to_one_another() -> None:
    """Relative links of all pages exist; `make docs` looks at the anchors too."""
    for page in [*DOCS.rglob("*.md"), *ROOT.glob("*.md")]:
        text = re.sub(r"```.*?```|`[^`\n]*`", "", page.read_text(), flags=re.DOTALL)
        for target in re.findall(r"\]\((?!https?:|mailto:|#)([^)#\s]+)", text):
            assert (page.parent / target).exists(), f"{page.relative_to(ROOT)}: {target}"


def test_the_lines_to_add_are_those_of_the_source() -> None:
    added = 0
    for diff in re.findall(r"```diff\n(.*?)```", (ROOT / "CONTRIBUTING.md").read_text(), re.DOTALL):
        source: list[str] = []
        for line in diff.splitlines():
            if line.startswith("+++ b/"):
                source = (ROOT / line.removeprefix("+++ b/")).read_text().splitlines()
            elif line.startswith("+"):
                assert line[1:] in source, line
                added += 1
    assert added > 10
