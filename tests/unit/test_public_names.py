"""The public names: all there, and handed on without what only a compiler or a reader in columns needs."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

import osmia
import osmia.lang

HEAVY = ["numpy", "llvmlite", "osmia.compiler"]


def modules_after(program: str) -> set[str]:
    """The modules that a fresh interpreter has imported after a program."""
    script = f"{program}\nimport json, sys\nprint(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_import_osmia_imports_nothing_heavy() -> None:
    imported = modules_after("import osmia")
    assert "osmia" in imported
    assert imported.isdisjoint([*HEAVY, "osmia.lang", "osmia.loader", "asyncio"])


def test_a_simulation_imports_nothing_heavy() -> None:
    imported = modules_after(
        "import osmia, osmia.net, osmia.packets\n"
        "p = osmia.XdpProgram(lambda ctx: osmia.XdpAction.PASS)\n"
        "with osmia.simulate(p) as bpf: assert bpf[p].run(bytes(14)).action == osmia.XdpAction.PASS"
    )
    assert "osmia.simulator" in imported
    assert imported.isdisjoint([*HEAVY, "osmia.loader", "osmia.sys"])


def test_the_whole_vocabulary_is_public() -> None:
    assert set(osmia.lang.__all__) <= set(osmia.__all__)
    assert set(osmia.__all__) <= set(dir(osmia))


@pytest.mark.parametrize("name", sorted(osmia.__all__))
def test_each_public_name_is_there_and_documented(name: str) -> None:
    value = getattr(osmia, name)
    assert value.__doc__


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="nonsense"):
        getattr(osmia, "nonsense")  # noqa: B009
