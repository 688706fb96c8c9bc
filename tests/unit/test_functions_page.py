"""What docs/functions.md shows is compiled, and runs as plain Python."""

from __future__ import annotations

import re
from pathlib import Path

import osmia
from osmia.compiler.compile import compile_programs
from tests.builders.kernel_modules import import_file, programs_of

PAGE = Path(__file__).resolve().parents[2] / "docs" / "functions.md"


def test_the_page_is_compiled_and_runs(tmp_path: Path) -> None:
    blocks: list[str] = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert len(blocks) == 5
    file = tmp_path / "functions_page.py"
    calling = "\n\n@xdp\ndef calling(ctx: XdpContext) -> XdpAction:\n"
    calling += "    limit = Limit(packets=mixed(u64(ctx.length)), used=u64(0))\n"
    calling += "    return XdpAction.DROP if is_short(ctx) or not spend(limit) else XdpAction.PASS\n"
    file.write_text("import osmia\n" + "\n".join(blocks) + calling)
    module = import_file(file)
    programs = programs_of(module)
    assert {program.name for program in programs} >= {
        "firewall",
        "drop",
        "choose",
        "summing",
        "track",
        "calling",
    }
    assert compile_programs(programs).startswith(b"\x7fELF")
    with osmia.simulate(*programs) as bpf:
        actions = {
            program.name: bpf[program].run(bytes(64)).action
            for program in programs
            if isinstance(program, osmia.XdpProgram)
        }
    assert actions["choose"] is osmia.XdpAction.DROP
    for name in ("firewall", "calling", "summing", "track"):
        assert actions[name] is osmia.XdpAction.PASS
    assert actions["drop"] is osmia.XdpAction.DROP
