"""What one process compiled, the next one takes from the cache."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
COMPILE = """
import sys
from osmia.cli.user_module import import_file, programs_in
from osmia.compiler.cache import compiled_object
from pathlib import Path

path = Path(sys.argv[1])
compiled_object(programs_in(import_file(path), path))
"""


def compile_in_a_process(program: Path, cache: Path) -> set[Path]:
    """Compile in a process of its own; the objects that the cache has then."""
    environment = {**os.environ, "XDG_CACHE_HOME": str(cache), "PYTHONPATH": str(ROOT / "src")}
    subprocess.run([sys.executable, "-c", COMPILE, str(program)], env=environment, check=True)
    return set(cache.rglob("*.o"))


def test_a_second_process_finds_what_the_first_compiled(tmp_path: Path) -> None:
    program = ROOT / "examples" / "xdp_counter.py"
    first = compile_in_a_process(program, tmp_path)
    assert len(first) == 1
    assert compile_in_a_process(program, tmp_path) == first


def test_another_text_is_another_object(tmp_path: Path) -> None:
    text = (ROOT / "examples" / "xdp_counter.py").read_text()
    program = tmp_path / "program.py"
    program.write_text(text)
    first = compile_in_a_process(program, tmp_path / "cache")
    program.write_text(text.replace("max_entries=1024", "max_entries=2048"))
    assert compile_in_a_process(program, tmp_path / "cache") > first
