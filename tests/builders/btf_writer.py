"""BTF for tests: a map definition and `.BTF.ext` tables as data."""

from __future__ import annotations

import struct

from osmia.btf import Btf, encode_btf, types


def map_types(name: str, first: int, **numbers: int) -> tuple[types.Type, ...]:
    """The types of `struct { __uint(type, …); … } name`, whose ids begin at `first`; type 1 is an integer."""
    made: list[types.Type] = []
    members: list[types.Member] = []
    for position, (member, number) in enumerate(numbers.items()):
        made += [types.Array(1, 1, number), types.Pointer(first + 2 * position)]
        members.append(types.Member(member, first + 2 * position + 1, 64 * position))
    struct_id = first + len(made)
    made.append(types.Struct("", 8 * len(members), tuple(members)))
    made.append(types.Variable(name, struct_id, 1))
    made.append(types.DataSection(".maps", 0, (types.SectionVariable(struct_id + 1, 0, 8 * len(members)),)))
    return tuple(made)


def map_section(name: str, **numbers: int) -> bytes:
    """A `.BTF` section with one map definition."""
    integer = types.Int("int", 4, 32, 1)
    return encode_btf(Btf((integer, *map_types(name, 2, **numbers)), b"\0"))


def extension(
    functions: dict[int, list[tuple[int, int]]],
    lines: dict[int, list[tuple[int, int, int, int]]],
    core: int = 0,
) -> bytes:
    """A `.BTF.ext` section; keys are string offsets of section names, `core` adds so many CO-RE records."""

    def table(width: int, sections: dict[int, list[tuple[int, ...]]]) -> bytes:
        parts = [struct.pack("<I", 4 * width)]
        for name, rows in sections.items():
            parts.append(struct.pack("<II", name, len(rows)))
            parts += [struct.pack(f"<{width}I", *row) for row in rows]
        return b"".join(parts)

    function_part = table(2, {name: [*rows] for name, rows in functions.items()})
    line_part = table(4, {name: [*rows] for name, rows in lines.items()})
    core_part = table(4, {0: [(0, 0, 0, 0)] * core}) if core else b""
    sizes = (len(function_part), len(line_part), len(core_part))
    header = struct.pack(
        "<HBBIIIIIII",
        *(0xEB9F, 1, 0, 32),
        *(0, sizes[0], sizes[0], sizes[1], sizes[0] + sizes[1], sizes[2]),
    )
    return header + function_part + line_part + core_part
