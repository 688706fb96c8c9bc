"""Kernel functions made at random, but right: typed programs over all that the language has.

Each program reads `Input` from the packet, calculates with its fields, changes maps and the packet,
and stores what its variables hold. The texts are ordinary modules, the same for the same seed.
"""

from __future__ import annotations

import random

from tests.differential.vocabulary import (
    ARRAYS,
    CALLS,
    INTEGERS,
    MAPS,
    NATIVE,
    NETWORK,
    PREAMBLE,
    UNSIGNED,
    Scope,
    limits,
)


class ProgramText:
    """One program, statement by statement."""

    def __init__(self, choose: random.Random, name: str) -> None:
        self._choose = choose
        self._lines: list[str] = []
        self._count = 0
        self._statements = 0
        self._name = name
        self._far = False

    def text(self) -> str:
        """The program's source."""
        scope = Scope()
        self._lines = [
            "@xdp",
            f"def {self._name}(ctx: XdpContext) -> XdpAction:",
            "    packet = ctx.packet()",
            "    p = packet.read(Input)",
            "    if p is None:",
            "        return XdpAction.ABORTED",
        ]
        for name in ("bytes", "words"):
            self._lines.append(
                f"    {name} = p.a_{name}" if self._chance(0.5) else f"    {name} = {name.title()}()"
            )
        while self._statements < 14:
            self._statement(scope, 1)
        self._results(scope)
        self._lines.append(f"    return {self._verdict(scope)}")
        return "\n".join(self._lines) + "\n"

    def _chance(self, probability: float) -> bool:
        return self._choose.random() < probability

    def _new(self, prefix: str) -> str:
        self._count += 1
        return f"{prefix}{self._count}"

    def _write(self, depth: int, line: str) -> None:
        self._lines.append("    " * depth + line)

    def _verdict(self, scope: Scope) -> str:
        return f"XdpAction.DROP if {self._bool(scope, 2)} else XdpAction.PASS"

    def _results(self, scope: Scope) -> None:
        for index, (name, kind) in enumerate(scope.variables.items()):
            self._lines.append(
                f"    results[{index % 64}] = u64({name if kind != 'Color' else f'u16({name})'})"
            )
        for record in scope.records:
            self._lines.append(
                f"    records[Key(kind=u8({self._choose.randrange(4)}), number=u32(1))] = {record}"
            )

    # statements

    def _statement(self, scope: Scope, depth: int) -> None:
        self._statements += 1
        kinds = (
            ["assign"] * 5 + ["augment"] * 3 + ["unpack", "array", "map", "map", "packet", "record", "color"]
        )
        if depth < 4:
            kinds += ["if"] * 3 + ["for", "over", "match", "while", "lookup", "find"]
        if depth == 1:
            kinds += ["items"]
        if scope.in_loop:
            kinds += ["leave"]
        elif depth > 1:
            kinds += ["return"]
        getattr(self, f"_{self._choose.choice(kinds)}")(scope, depth)

    def _block(self, scope: Scope, depth: int, most: int = 3) -> None:
        for _ in range(self._choose.randint(1, most)):
            self._statement(scope, depth)

    def _assign(self, scope: Scope, depth: int) -> None:
        old = self._choose.choice(list(scope.variables)) if scope.variables and self._chance(0.4) else ""
        kind = scope.variables[old] if old else self._choose.choice((*INTEGERS, "bool"))
        value = self._bool(scope, 3) if kind == "bool" else self._integer(scope, kind, 3)
        name = old or self._new("v")
        declared = f": {kind}" if not old and self._chance(0.1) else ""
        scope.variables[name] = kind
        self._write(depth, f"{name}{declared} = {value}")

    def _augment(self, scope: Scope, depth: int) -> None:
        names = [name for name, kind in scope.variables.items() if kind in INTEGERS]
        if not names:
            self._assign(scope, depth)
            return
        name = self._choose.choice(names)
        kind = scope.variables[name]
        operators = (
            ("&", "|", "^") if kind in NETWORK else ("+", "-", "*", "//", "%", "<<", ">>", "&", "|", "^")
        )
        self._write(depth, f"{name} {self._choose.choice(operators)}= {self._operand(scope, kind, 2)}")

    def _array(self, scope: Scope, depth: int) -> None:
        name = self._choose.choice(list(ARRAYS))
        kind, length = ARRAYS[name]
        operator = self._choose.choice(("=", "=", "+=", "^="))
        value = self._integer(scope, kind, 2)
        self._write(depth, f"{name}[{self._index(scope, length)}] {operator} {value}")

    def _map(self, scope: Scope, depth: int) -> None:
        name = self._choose.choice(list(MAPS))
        key_kind, value_kind = MAPS[name]
        key = self._key(scope, name, key_kind)
        match self._choose.randrange(5):
            case 0:
                self._write(depth, f"{name}[{key}] = {self._integer(scope, value_kind, 2)}")
            case 1 | 2:
                operator = self._choose.choice(("+=", "+=", "-="))
                self._write(depth, f"{name}[{key}] {operator} {self._operand(scope, value_kind, 2)}")
            case 3 if name != "numbers":
                self._write(depth, f"del {name}[{key}]")
            case 4 if name != "numbers":
                variable = self._new("v")
                self._write(
                    depth, f"{variable} = {name}.insert({key}, {self._integer(scope, value_kind, 2)})"
                )
                scope.variables[variable] = "bool"
            case _:
                self._write(
                    depth, f"narrow[{self._integer(scope, 'u16', 1)} & 7] += {self._operand(scope, 'u8', 1)}"
                )

    def _packet(self, scope: Scope, depth: int) -> None:
        kind = self._choose.choice((*INTEGERS, "bool"))
        value = self._bool(scope, 2) if kind == "bool" else self._integer(scope, kind, 2)
        self._write(depth, f"p.a_{kind} = {value}")

    def _color(self, scope: Scope, depth: int) -> None:
        value = self._choose.choice(("Color.RED", "Color.BLUE", f"Color({self._integer(scope, 'u16', 2)})"))
        self._write(depth, f"p.a_color = {value}")

    def _record(self, scope: Scope, depth: int) -> None:
        if scope.records and self._chance(0.7):
            name = self._choose.choice(scope.records)
            self._change_record(scope, depth, name)
            return
        name = self._new("r")
        if self._chance(0.5):
            self._write(depth, f"{name} = build({self._integer(scope, 'u32', 2)})")
        else:
            values = [self._integer(scope, kind, 2) for kind in ("u8", "be32", "u64")]
            inner = f"Inner(flag={self._bool(scope, 1)}, small={self._integer(scope, 'i16', 1)}, wide=i64(1))"
            first = f"narrow={values[0]}, inner={inner}"
            self._write(
                depth, f"{name} = Record({first}, order={values[1]}, bytes=Bytes(), wide={values[2]})"
            )
        scope.records.append(name)

    def _change_record(self, scope: Scope, depth: int, name: str) -> None:
        match self._choose.randrange(6):
            case 0:
                self._write(depth, f"{name}.inner.wide -= {self._operand(scope, 'i64', 2)}")
            case 1:
                self._write(depth, f"{name}.bytes[{self._index(scope, 8)}] = {self._integer(scope, 'u8', 2)}")
            case 2:
                self._write(depth, f"{name}.inner = build({self._integer(scope, 'u32', 1)}).inner")
            case 3:
                self._write(depth, f"{name}.bytes = bytes")
            case 4:
                self._write(depth, f"{name}.order = {self._integer(scope, 'be32', 2)}")
            case _:
                self._write(depth, f"{name}.inner.flag = {self._bool(scope, 2)}")

    def _if(self, scope: Scope, depth: int) -> None:
        self._write(depth, f"if {self._bool(scope, 3)}:")
        self._block(scope.inner(), depth + 1)
        if self._chance(0.3):
            self._write(depth, f"elif {self._bool(scope, 2)}:")
            self._block(scope.inner(), depth + 1, 2)
        if self._chance(0.5):
            self._write(depth, "else:")
            self._block(scope.inner(), depth + 1)

    def _for(self, scope: Scope, depth: int) -> None:
        index = self._new("k")
        start, stop, step = self._choose.choice(((0, 4, 1), (0, 3, 1), (1, 6, 2), (5, 0, -2), (2, 2, 1)))
        bounds = f"{stop}" if (start, step) == (0, 1) else f"{start}, {stop}, {step}"
        self._write(depth, f"for {index} in range({bounds}):")
        inner = scope.inner(in_loop=True)
        inner.indices[index] = max(start, stop - 1, 0)
        self._block(inner, depth + 1, 2)

    def _over(self, scope: Scope, depth: int) -> None:
        """Arrays, with their index, in pairs; some with `else`."""
        item, index, other = self._new("e"), self._new("k"), self._new("e")
        name = self._choose.choice(list(ARRAYS))
        kind, length = ARRAYS[name]
        inner = scope.inner(in_loop=True)
        match self._choose.randrange(3):
            case 0:
                self._write(depth, f"for {item} in {name}:")
            case 1:
                self._write(depth, f"for {index}, {item} in enumerate({name}):")
                inner.indices[index] = length - 1
            case _:
                self._write(depth, f"for {item}, {other} in zip({name}, p.a_words, strict=False):")
                inner.variables[other] = "i32"
        inner.variables[item] = kind
        self._block(inner, depth + 1, 2)
        if self._chance(0.3):
            self._write(depth + 1, f"if {self._bool(inner, 1)}:")
            self._write(depth + 2, "break")
            self._write(depth, "else:")
            self._block(scope.inner(), depth + 1, 1)

    def _match(self, scope: Scope, depth: int) -> None:
        kind = self._choose.choice(NATIVE)
        self._write(depth, f"match {self._integer(scope, kind, 1)} & 3:")
        captured = self._new("m")
        inner = scope.inner()
        inner.variables[captured] = kind
        for pattern in (f"0 | 2 as {captured}", f"{captured} if p.a_bool", "1", f"{captured}"):
            self._write(depth + 1, f"case {pattern}:")
            self._block(inner.inner() if captured in pattern else scope.inner(), depth + 2, 1)
            if self._chance(0.3):
                break

    def _unpack(self, scope: Scope, depth: int) -> None:
        kind = self._choose.choice(INTEGERS)
        names = [name for name, other in scope.variables.items() if other == kind]
        first = self._choose.choice(names) if names else self._new("v")
        second = self._new("v")
        left = self._integer(scope, kind, 2)
        right = first if names and self._chance(0.3) else self._integer(scope, kind, 2)
        self._write(depth, f"{first}, {second} = {left}, {right}")
        scope.variables |= {first: kind, second: kind}

    def _while(self, scope: Scope, depth: int) -> None:
        counter = self._new("n")
        self._write(depth, f"{counter} = u32(0)")
        self._write(depth, f"while {counter} < {self._choose.randint(1, 4)}:")
        self._write(depth + 1, f"{counter} += 1")
        self._block(scope.inner(in_loop=True), depth + 1, 2)

    def _leave(self, scope: Scope, depth: int) -> None:
        self._write(depth, f"if {self._bool(scope, 2)}:")
        self._write(depth + 1, self._choose.choice(("break", "continue")))

    def _return(self, scope: Scope, depth: int) -> None:
        self._write(depth, f"if {self._bool(scope, 2)}:")
        self._write(depth + 1, f"return {self._verdict(scope)}")

    def _lookup(self, scope: Scope, depth: int) -> None:
        name = self._choose.choice(list(MAPS))
        key_kind, value_kind = MAPS[name]
        found = self._new("f")
        self._write(depth, f"{found} = {name}.lookup({self._key(scope, name, key_kind)})")
        positive = self._chance(0.6)
        self._write(depth, f"if {found} is not None:" if positive else f"if {found} is None:")
        if not positive:
            self._block(scope.inner(), depth + 1, 1)
            self._write(depth, "else:")
        variable = self._new("v")
        inner = scope.inner()
        self._write(depth + 1, f"{variable} = {found}.value")
        inner.variables[variable] = value_kind
        operator = self._choose.choice(("=", "+=", "-=", "^=", "//="))
        value = self._integer(inner, value_kind, 2)
        self._write(depth + 1, f"{found}.value {operator} {value}")
        self._block(inner, depth + 1, 2)

    def _items(self, scope: Scope, depth: int) -> None:
        """Headers in a row, some skipped, as extension headers are."""
        item, index = self._new("h"), self._new("k")
        turns = self._choose.choice((2, 3, 5))
        self._write(depth, f"for {index} in range({turns}):")
        self._write(depth + 1, f"{item} = packet.read(Item)")
        self._write(depth + 1, f"if {item} is None:")
        self._write(depth + 2, self._choose.choice(("break", "break", f"return {self._verdict(scope)}")))
        if self._chance(0.5):
            # The verifier follows some 65,000 bytes, four times as many as one `skip` may pass.
            far = f"u16({item}.value)" if turns <= 3 and not self._far else f"{item}.length"
            self._far = True
            skipped = self._choose.choice((f"{item}.length & 7", "4", far, f"{item}.length"))
            self._write(depth + 1, f"packet.skip({skipped})")
        inner = scope.inner(in_loop=True)
        variable = self._new("v")
        self._write(depth + 1, f"{variable} = {item}.value")
        inner.variables[variable] = "be16"
        if self._chance(0.4):
            self._write(
                depth + 1,
                f"{item}.kind {self._choose.choice(('=', '+=', '^='))} {self._integer(inner, 'u8', 1)}",
            )
        self._block(inner, depth + 1, 1)

    def _find(self, scope: Scope, depth: int) -> None:
        found = self._new("f")
        source = self._choose.choice(("find({})", "scratch.lookup({} & 3)"))
        self._write(depth, f"{found} = {source.format(self._integer(scope, 'u32', 1))}")
        self._write(depth, f"if {found} is not None:")
        inner = scope.inner()
        inner.records.append(found)
        self._change_record(inner, depth + 1, found)
        variable = self._new("v")
        self._write(depth + 1, f"{variable} = {found}.wide + {found}.mixed")
        inner.variables[variable] = "u64"
        self._block(inner, depth + 1, 2)

    # expressions

    def _key(self, scope: Scope, name: str, kind: str) -> str:
        mask = {"numbers": 7, "counts": 7, "signs": 15, "recent": 31}[name]
        key = self._integer(scope, kind, 1)
        return f"{key} % 9" if name == "numbers" and self._chance(0.3) else f"{key} & {mask}"

    def _index(self, scope: Scope, length: int) -> str:
        indices = [name for name, most in scope.indices.items() if most < length]
        if indices and self._chance(0.4):
            return self._choose.choice(indices)
        match self._choose.randrange(3):
            case 0:
                return str(self._choose.randrange(length))
            case 1:
                return f"({self._integer(scope, self._choose.choice(UNSIGNED), 1)}) % {length}"
            case _:
                return f"({self._integer(scope, self._choose.choice(NATIVE), 1)}) & {length - 1}"

    def _literal(self, kind: str) -> str:
        low, high = limits(kind)
        near = (0, 1, 2, 3, 7, 8, 31, 32, 63, 64, 100, 255, 256, -1, -2, low, high, high - 1, low + 1)
        number = self._choose.choice([number for number in near if low <= number <= high])
        if self._chance(0.2):
            number = self._choose.randint(low, high)
        return str(number)

    def _operand(self, scope: Scope, kind: str, depth: int) -> str:
        """The right side of an operator: a bare literal takes the width of the left."""
        return self._literal(kind) if self._chance(0.3) else self._integer(scope, kind, depth)

    def _leaf(self, scope: Scope, kind: str) -> str:
        leaves = [f"{kind}({self._literal(kind)})", f"p.a_{kind}", f"p.a_{kind}"]
        names = [name for name, other in scope.variables.items() if other == kind]
        leaves += names * 2
        leaves += [f"{kind}({index})" for index in scope.indices]
        leaves += {
            "u8": ["bytes[3]", f"bytes[{self._choose.randrange(8)}]"],
            "u16": ["FIXED", "u16(PLAIN)"],
            "u32": ["LIMIT.value", "p.b_u32", "ctx.length", "ctx.rx_queue_index"],
            "u64": ["p.b_u64"],
            "i32": [f"words[{self._choose.randrange(4)}]"],
        }.get(kind, [])
        for record in scope.records:
            leaves += {
                "u8": [f"{record}.narrow", f"{record}.bytes[2]"],
                "i16": [f"{record}.inner.small"],
                "i64": [f"{record}.inner.wide"],
                "u64": [f"{record}.mixed", f"{record}.wide"],
                "be32": [f"{record}.order"],
                "u32": [f"{record}.scaled(FIXED)"],
            }.get(kind, [])
        return self._choose.choice(leaves)

    def _integer(self, scope: Scope, kind: str, depth: int) -> str:
        """An expression of an integer type; never a bare literal."""
        if depth <= 0 or self._chance(0.2):
            return self._leaf(scope, kind)
        match self._choose.randrange(11):
            case 9:
                name = self._choose.choice(("min", "max"))
                count = self._choose.choice((2, 2, 3))
                return f"{name}({', '.join(self._integer(scope, kind, depth - 1) for _ in range(count))})"
            case 10 if kind in ("u8", "i32"):
                array = "bytes" if kind == "u8" else "words"
                texts = (f"min({array})", f"max({array})", f"sum({array})", f"abs({array}[1])")
                start = f"{kind}({self._literal(kind)})"
                summed = f"sum((x{self._count} for x{self._count} in {array} if x{self._count} > 3), {start})"
                return self._choose.choice((*texts, summed))
            case 10 if kind in NATIVE:
                return f"abs({self._integer(scope, kind, depth - 1)})"
            case 0 | 1 | 2:
                return self._operation(scope, kind, depth)
            case 3 | 4:
                source = self._choose.choice((*INTEGERS, "bool"))
                inner = (
                    self._bool(scope, depth - 1)
                    if source == "bool"
                    else self._integer(scope, source, depth - 1)
                )
                return f"{kind}({inner})"
            case 5:
                first, second = (self._integer(scope, kind, depth - 1) for _ in range(2))
                return f"({first} if {self._bool(scope, depth - 1)} else {second})"
            case 6:
                operator = "~" if kind in NETWORK else self._choose.choice(("-", "~"))
                return f"{operator}{self._unary_operand(scope, kind, depth)}"
            case 7 if kind in CALLS:
                name, parameters = self._choose.choice(CALLS[kind])
                arguments = ", ".join(self._integer(scope, parameter, depth - 1) for parameter in parameters)
                return f"{name}({arguments})"
            case 8 if kind in ("u8", "i32"):
                array, length = ("bytes", 8) if kind == "u8" else ("words", 4)
                return f"{array}[{self._index(scope, length)}]"
            case _:
                return self._operation(scope, kind, depth)

    def _unary_operand(self, scope: Scope, kind: str, depth: int) -> str:
        return f"({self._integer(scope, kind, depth - 1)})"

    def _operation(self, scope: Scope, kind: str, depth: int) -> str:
        operators = (
            ("&", "|", "^") if kind in NETWORK else ("+", "-", "*", "//", "%", "<<", ">>", "&", "|", "^")
        )
        operator = self._choose.choice(operators)
        left, right = self._integer(scope, kind, depth - 1), self._operand(scope, kind, depth - 1)
        if self._chance(0.15):
            left, right = right, left
        return f"({left} {operator} {right})"

    def _bool(self, scope: Scope, depth: int) -> str:
        """A bool; in parentheses where it has parts."""
        if depth <= 0:
            names = [name for name, kind in scope.variables.items() if kind == "bool"]
            return self._choose.choice(["p.a_bool", "p.b_bool", "True", "False", "SWITCH.value", *names])
        match self._choose.randrange(11):
            case 9:
                name = self._choose.choice(("any", "all"))
                array, kind = self._choose.choice((("bytes", "u8"), ("words", "i32"), ("p.a_bytes", "u8")))
                test = self._operand(scope, kind, 1)
                return f"{name}(y {self._choose.choice(('<', '==', '!='))} {test} for y in {array})"
            case 10:
                kind = self._choose.choice(INTEGERS)
                values = ", ".join(self._operand(scope, kind, 1) for _ in range(3))
                return f"({self._integer(scope, kind, 1)} {self._choose.choice(('in', 'not in'))} ({values}))"
            case 0:
                return f"({self._bool(scope, depth - 1)} and {self._bool(scope, depth - 1)})"
            case 1:
                return f"({self._bool(scope, depth - 1)} or {self._bool(scope, depth - 1)})"
            case 2:
                return f"(not {self._bool(scope, depth - 1)})"
            case 3:
                name = self._choose.choice(list(MAPS))
                return f"({self._key(scope, name, MAPS[name][0])} in {name})"
            case 4:
                kind = self._choose.choice(INTEGERS)
                low, high = self._integer(scope, kind, 1), self._operand(scope, kind, 1)
                first, second = self._choose.choice(
                    (("<", "<="), ("<=", "<"), ("==", "!="), (">", ">="), (">=", "<"))
                )
                return f"({low} {first} {self._integer(scope, kind, depth - 1)} {second} {high})"
            case 5:
                arguments = ", ".join(self._integer(scope, "u16", depth - 1) for _ in range(3))
                return f"between({arguments})"
            case 6 if scope.indices:
                index = self._choose.choice(list(scope.indices))
                return f"({index} % 3 {self._choose.choice(('==', '<', '!='))} {self._choose.randrange(3)})"
            case 7:
                number = self._integer(scope, self._choose.choice(NATIVE), depth - 1)
                texts = ("(p.a_color == Color.RED)", "(p.a_bytes == bytes)", "(p.a_color != 40_000)")
                return self._choose.choice((f"bool({number})", *texts))
            case _:
                kind = self._choose.choice(INTEGERS)
                operator = self._choose.choice(("==", "!=", "<", "<=", ">", ">="))
                left, right = self._integer(scope, kind, depth - 1), self._operand(scope, kind, depth - 1)
                return f"({left} {operator} {right})"


def module_text(seed: int, programs: int) -> str:
    """A module with some programs, the same for the same seed."""
    choose = random.Random(seed)
    texts = [ProgramText(choose, f"program_{number}").text() for number in range(programs)]
    return PREAMBLE + "\n\n" + "\n\n".join(texts)


def packets(seed: int, count: int) -> list[bytes]:
    """Packets whose fields are numbers at the edges of their types, or any."""
    choose = random.Random(seed)
    return [b"".join(_word(choose) for _ in range(16)) for _ in range(count)] + [bytes(14)]


def _word(choose: random.Random) -> bytes:
    match choose.randrange(5):
        case 0:
            return bytes(8)
        case 1:
            return b"\xff" * 8
        case 2:
            return choose.randrange(300).to_bytes(8, "little")
        case 3:
            return choose.choice((1 << 31, 1 << 63, (1 << 31) - 1, 0x8000_8000_8000_8000)).to_bytes(
                8, "little"
            )
        case _:
            return choose.randbytes(8)
