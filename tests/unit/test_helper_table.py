"""The table of helpers: every one is accounted for, and what is generated from it is up to date."""

from __future__ import annotations

import ast
import importlib.util
import inspect
import re
from pathlib import Path

import osmia.helpers
from osmia.compiler.compile import compile_programs
from osmia.uapi import HELPERS, ProgramType
from osmia.uapi.helper_arguments import (
    CHANGES_PACKET,
    LEFT_OUT,
    MAP_TYPES,
    PROTOTYPES,
    READS_PACKET,
    SPELLED_OTHERWISE,
    ArgumentKind,
)
from osmia.uapi.helper_availability import AVAILABILITY, JUDGED
from tools import generate_helpers

ROOT = Path(__file__).resolve().parents[2]


def test_every_helper_has_one_place() -> None:
    places = [*PROTOTYPES, *SPELLED_OTHERWISE, *LEFT_OUT]
    assert sorted(places) == sorted(HELPERS)
    assert sorted(helper.id for helper in HELPERS.values()) == list(range(1, len(HELPERS) + 1))


def test_tables_name_helpers() -> None:
    for table in (CHANGES_PACKET, READS_PACKET, MAP_TYPES):
        assert set(table) <= set(PROTOTYPES)
    with_map = {
        name
        for name, each in PROTOTYPES.items()
        if any(argument.kind is ArgumentKind.MAP for argument in each.arguments)
    }
    assert with_map == set(MAP_TYPES)


def test_every_helper_has_a_first_kernel_and_a_program_type() -> None:
    assert set(AVAILABILITY) == set(HELPERS)
    for name, where in AVAILABILITY.items():
        assert where.program_types, name
        assert tuple(map(int, where.since.split("."))) >= (3, 19), name
    since = [tuple(map(int, AVAILABILITY[name].since.split("."))) for name in HELPERS]
    assert since == sorted(since)


def test_facts_that_the_manual_pages_tell() -> None:
    assert AVAILABILITY["ktime_get_ns"].program_types == JUDGED
    assert AVAILABILITY["xdp_adjust_head"].program_types == {ProgramType.XDP}
    assert AVAILABILITY["xdp_adjust_head"].since == "4.10"
    assert AVAILABILITY["ringbuf_reserve"].since == "5.8"
    assert AVAILABILITY["probe_read_kernel"].gpl_only
    assert not AVAILABILITY["csum_diff"].gpl_only
    assert ProgramType.XDP not in AVAILABILITY["skb_load_bytes"].program_types


def test_functions_have_the_parameters_of_the_prototypes() -> None:
    for name, prototype in PROTOTYPES.items():
        function = getattr(osmia.helpers, name)
        assert len(inspect.signature(function).parameters) == len(prototype.written), name
        assert function.__name__ == name


def test_a_size_stands_behind_its_memory() -> None:
    for name, prototype in PROTOTYPES.items():
        memory = {each.name: each for each in prototype.arguments if each.kind is not ArgumentKind.SIZE}
        sizes = [each.of for each in prototype.arguments if each.kind is ArgumentKind.SIZE]
        for of in sizes:
            assert memory[of].kind in (ArgumentKind.READ, ArgumentKind.WRITE), name
        for each in memory.values():
            if each.kind in (ArgumentKind.READ, ArgumentKind.WRITE):
                assert (each.name in sizes) != bool(each.size), name


def test_the_manual_is_generated_from_the_tables() -> None:
    assert (ROOT / "docs/helpers.md").read_text() == generate_helpers.manual()


def test_functions_are_generated_from_the_tables() -> None:
    written = (ROOT / "src/osmia/lang/kernel_helpers.py").read_text()
    assert _functions(written) == _functions(generate_helpers.functions())
    public = (ROOT / "src/osmia/helpers.py").read_text()
    assert ast.unparse(ast.parse(public)) == ast.unparse(ast.parse(generate_helpers.public()))


def _functions(text: str) -> list[str]:
    return [ast.unparse(node) for node in ast.parse(text).body if isinstance(node, ast.FunctionDef)]


def test_the_kfunc_of_the_manual_compiles(tmp_path: Path) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", (ROOT / "docs/helpers.md").read_text(), re.DOTALL)
    names = "from typing import Literal\nfrom osmia import *\nfrom osmia import kfunc, kfunc_exists\n"
    path = tmp_path / "manual_kfunc.py"
    path.write_text(names + example)
    specification = importlib.util.spec_from_file_location("manual_kfunc", path)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    assert b"bpf_strlen" in compile_programs((module.program,))
