"""Expressions of the command line, checked and rewritten as Python for a kernel function."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass

from osmia.diagnostics import Diagnostic, SourceMap, Span
from osmia.tracing import faults
from osmia.tracing.terms import Integers, Kind, LiteralNumber, LiteralText, Number, Term, Text, Truth, Which
from osmia.tracing.vocabulary import Meaning, Vocabulary

__all__ = ["LARGEST_TEXT", "SMALLEST_TEXT", "Expression", "ExpressionError", "Translator", "parse"]

SMALLEST_TEXT, LARGEST_TEXT = 16, 128
"""Bytes of the program's type `Text`: as many as the stack has room for."""
_LONGEST = 2000
_TOGETHER = 8
"""Bytes of a text that are compared without a branch: LLVM makes selects of single ones, which spill."""
_I64, _U64 = (-(1 << 63), (1 << 63) - 1), (0, (1 << 64) - 1)
_TEXT_FUNCTIONS = {"user_str": "probe_read_user_str", "kernel_str": "probe_read_kernel_str"}
_FOLD: dict[type[ast.operator], Callable[[int, int], int]] = {
    ast.Add: lambda left, right: left + right,
    ast.Sub: lambda left, right: left - right,
    ast.Mult: lambda left, right: left * right,
    ast.BitAnd: lambda left, right: left & right,
    ast.BitOr: lambda left, right: left | right,
    ast.BitXor: lambda left, right: left ^ right,
    ast.LShift: lambda left, right: left << (right & 63),
    ast.RShift: lambda left, right: left >> (right & 63),
}
_OPERATORS: dict[type[ast.AST], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.FloorDiv: "//",
    ast.Mod: "%",
    ast.BitAnd: "&",
    ast.BitOr: "|",
    ast.BitXor: "^",
    ast.LShift: "<<",
    ast.RShift: ">>",
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.USub: "-",
    ast.UAdd: "+",
    ast.Invert: "~",
}


class ExpressionError(Exception):
    """A fault of one expression; it is collected with those of the others."""

    def __init__(self, fault: Diagnostic) -> None:
        super().__init__(fault.message)
        self.fault = fault


@dataclass(frozen=True)
class Expression:
    """One parsed expression and where it stands."""

    node: ast.expr
    source: SourceMap

    @property
    def title(self) -> str:
        """As the user wrote it, but for spaces."""
        return ast.unparse(self.node)

    def span(self, node: ast.expr | None = None) -> Span:
        """The place of a part, or of the whole."""
        return self.source.span(self.node if node is None else node)


def parse(option: str, text: str, *, several: bool = False) -> tuple[Expression, ...]:
    """The expressions of an option's value, divided by commas where there may be several.

    Raises:
        ExpressionError: it is no Python.
    """
    line = " ".join(text.split("\n")).strip()
    source = SourceMap(option, (line,))
    whole = Span(option, 1, 0, 1, len(line), line)
    if len(line) > _LONGEST:
        raise ExpressionError(faults.no_syntax(whole, f"it has more than {_LONGEST} characters"))
    try:
        node = ast.parse(line, mode="eval").body
    except SyntaxError as error:
        # Offset 0 stands for the end of the text.
        column = min(error.offset - 1, len(line)) if error.offset else len(line)
        place = Span(option, 1, column, 1, column + 1, line)
        raise ExpressionError(faults.no_syntax(place, error.msg)) from None
    except (ValueError, RecursionError, MemoryError):
        raise ExpressionError(faults.no_syntax(whole, "it is nested too deeply, or no text")) from None
    if not isinstance(node, ast.Tuple):
        return (Expression(node, source),)
    if not several or not node.elts:
        raise ExpressionError(faults.not_a_list(whole))
    return tuple(Expression(element, source) for element in node.elts)


class Translator:
    """Expressions at one probe. `variables` are what they use, in the order in which it must be set."""

    def __init__(self, vocabulary: Vocabulary, probe: str, index: int) -> None:
        self._vocabulary = vocabulary
        self._probe = probe
        self._index = index
        self._expression: Expression
        self.variables: dict[str, str] = {}
        """Names of variables of the program, and the source that gives each."""
        self.texts = 0
        """How many texts of the type `Text` are read."""
        self.needed_text = SMALLEST_TEXT
        """The bytes that a `Text` must have for the texts that it is compared with."""

    def value(self, expression: Expression) -> Term:
        """An expression as a value that can be kept: a number, a truth, a text or the probe.

        Raises:
            ExpressionError: it cannot be computed at this probe.
        """
        self._expression = expression
        term = self._guarded(expression.node)
        if isinstance(term.kind, LiteralNumber):
            self._check_range(term.kind.value, Number(), expression.node)
            return Term(_call("i64", term.node), Number())
        if isinstance(term.kind, LiteralText | Integers):
            raise self._fault(
                faults.wrong_result(expression.span(), "a value of the probe", _describe(term.kind))
            )
        return term

    def number(self, expression: Expression) -> Term:
        """An expression as a number."""
        term = self.value(expression)
        if not isinstance(term.kind, Number):
            raise self._fault(faults.wrong_result(expression.span(), "a number", _describe(term.kind)))
        return term

    def condition(self, expression: Expression) -> ast.expr:
        """An expression as a bool, by Python's truth."""
        self._expression = expression
        return self._truth(self._guarded(expression.node), expression.node)

    def _guarded(self, node: ast.expr) -> Term:
        try:
            return self._term(node)
        except RecursionError:
            raise self._fault(faults.no_syntax(self._span(node), "it is nested too deeply")) from None

    def _fault(self, fault: Diagnostic) -> ExpressionError:
        return ExpressionError(fault)

    def _span(self, node: ast.expr) -> Span:
        return self._expression.span(node)

    def _term(self, node: ast.expr) -> Term:
        match node:
            case ast.Constant():
                return self._constant(node)
            case ast.Name(id=name):
                return self._name(node, name)
            case ast.Attribute(value=ast.Name(id="args"), attr=name):
                return self._field(node, name)
            case ast.Subscript():
                return self._subscript(node)
            case ast.BinOp():
                return self._binary(node)
            case ast.UnaryOp():
                return self._unary(node)
            case ast.Compare():
                return self._compare(node)
            case ast.BoolOp(op=operator, values=values):
                truths = [self._truth(self._term(value), value) for value in values]
                return Term(ast.BoolOp(operator, truths), Truth())
            case ast.IfExp():
                return self._choice(node)
            case ast.Call():
                return self._call(node)
            case _:
                raise self._fault(faults.refused(self._span(node), f"`{ast.unparse(node)[:40]}`"))

    def _constant(self, node: ast.Constant) -> Term:
        match node.value:
            case bool():
                return Term(node, Truth())
            case int() as value:
                return Term(node, LiteralNumber(value))
            case str() as value:
                return Term(node, LiteralText(value))
            case value:
                raise self._fault(faults.refused(self._span(node), f"a {type(value).__name__}"))

    def _name(self, node: ast.expr, name: str) -> Term:
        if name == "probe":
            return Term(ast.Constant(self._index), Which())
        meaning = self._vocabulary.find(name)
        if meaning is not None:
            return self._use(meaning)
        if name in self._vocabulary.unusable:
            raise self._fault(faults.unusable_field(self._span(node), name, self._probe))
        known = {*self._vocabulary.names, *self._vocabulary.fields, "probe"}
        known = {each for each in known if not each.startswith(("common_", "__"))}
        raise self._fault(faults.unknown_name(self._span(node), name, known, self._probe))

    def _field(self, node: ast.expr, name: str) -> Term:
        meaning = self._vocabulary.fields.get(name)
        if meaning is not None:
            return self._use(meaning)
        if name in self._vocabulary.unusable:
            raise self._fault(faults.unusable_field(self._span(node), name, self._probe))
        raise self._fault(faults.unknown_field(self._span(node), name, self._vocabulary.fields, self._probe))

    def _use(self, meaning: Meaning) -> Term:
        return self._bind(meaning.variable, meaning.source, meaning.kind)

    def _bind(self, variable: str, source: str, kind: Kind) -> Term:
        if variable not in self.variables:
            self.variables[variable] = source
            self.texts += kind == Text(None)
        return Term(ast.Name(variable, ast.Load()), kind)

    def _subscript(self, node: ast.Subscript) -> Term:
        array, index = self._term(node.value), self._term(node.slice)
        length = array.kind.length if isinstance(array.kind, Integers) else None
        if isinstance(array.kind, Text):
            length = array.kind.size or SMALLEST_TEXT
        if length is None:
            raise self._fault(faults.wrong_operands(self._span(node), "`[…]`", _describe(array.kind)))
        if not isinstance(index.kind, LiteralNumber):
            raise self._fault(
                faults.wrong_operands(self._span(node.slice), "an index", "what is not known before")
            )
        if not 0 <= index.kind.value < length:
            raise self._fault(faults.out_of_range(self._span(node.slice), index.kind.value, 0, length - 1))
        element = ast.Subscript(array.node, index.node, ast.Load())
        if isinstance(array.kind, Integers) and not array.kind.element.signed:
            return Term(element, array.kind.element)
        return Term(_call("i64", element), Number())

    def _unary(self, node: ast.UnaryOp) -> Term:
        operand = self._term(node.operand)
        if isinstance(node.op, ast.Not):
            return Term(ast.UnaryOp(node.op, self._truth(operand, node.operand)), Truth())
        if isinstance(operand.kind, LiteralNumber):
            value = operand.kind.value
            if not isinstance(node.op, ast.UAdd):
                value = -value if isinstance(node.op, ast.USub) else ~value
            return Term(_constant(value), LiteralNumber(value))
        if not isinstance(operand.kind, Number):
            text = f"`{_OPERATORS[type(node.op)]}`"
            raise self._fault(faults.wrong_operands(self._span(node), text, _describe(operand.kind)))
        return Term(ast.UnaryOp(node.op, _signed(operand)), Number())

    def _binary(self, node: ast.BinOp) -> Term:
        left, right = self._term(node.left), self._term(node.right)
        operator = _OPERATORS.get(type(node.op))
        if operator is None:
            text = f"`{ast.unparse(node)[:40]}`"
            help_text = "write `//`" if isinstance(node.op, ast.Div) else ""
            raise self._fault(faults.wrong_operands(self._span(node), text, "integers", help_text))
        if isinstance(left.kind, LiteralNumber) and isinstance(right.kind, LiteralNumber):
            value = self._fold(node, left.kind.value, right.kind.value)
            return Term(_constant(value), LiteralNumber(value))
        first, second, kind = self._same(node, f"`{operator}`", left, right)
        return Term(ast.BinOp(first, node.op, second), kind)

    def _fold(self, node: ast.BinOp, left: int, right: int) -> int:
        fold = _FOLD.get(type(node.op))
        if fold is not None:
            value = fold(left, right)
        elif right == 0:
            raise self._fault(faults.wrong_operands(self._span(node), "division", "a zero divisor"))
        else:
            value = left // right if isinstance(node.op, ast.FloorDiv) else left % right
        if not _I64[0] <= value <= _U64[1]:
            raise self._fault(faults.out_of_range(self._span(node), value, _I64[0], _U64[1]))
        return value

    def _same(self, node: ast.expr, what: str, left: Term, right: Term) -> tuple[ast.expr, ast.expr, Number]:
        """Both sides as numbers of one type: a negative number, or a signed side, makes both signed."""
        numbers = [term.kind for term in (left, right) if isinstance(term.kind, Number)]
        literals = [term.kind.value for term in (left, right) if isinstance(term.kind, LiteralNumber)]
        if not numbers or len(numbers) + len(literals) != 2:
            kinds = f"{_describe(left.kind)} and {_describe(right.kind)}"
            raise self._fault(faults.wrong_operands(self._span(node), what, kinds))
        signed = any(kind.signed for kind in numbers) or any(value < 0 for value in literals)
        kind = Number(signed, all(each.is_address for each in numbers) and not signed)
        for value in literals:
            self._check_range(value, kind, node)
        if signed:
            return _signed(left), _signed(right), kind
        return left.node, right.node, kind

    def _check_range(self, value: int, kind: Number, node: ast.expr) -> None:
        low, high = _I64 if kind.signed else _U64
        if not low <= value <= high:
            raise self._fault(faults.out_of_range(self._span(node), value, low, high))

    def _compare(self, node: ast.Compare) -> Term:
        parts: list[ast.expr] = []
        operands = [node.left, *node.comparators]
        for left, operator, right in zip(operands, node.ops, node.comparators, strict=False):
            parts.append(self._comparison(node, left, operator, right))
        return Term(parts[0] if len(parts) == 1 else ast.BoolOp(ast.And(), parts), Truth())

    def _comparison(
        self, node: ast.Compare, left_node: ast.expr, operator: ast.cmpop, right_node: ast.expr
    ) -> ast.expr:
        if isinstance(operator, ast.In | ast.NotIn):
            return self._membership(node, left_node, operator, right_node)
        text = _OPERATORS.get(type(operator))
        if text is None:
            raise self._fault(faults.refused(self._span(node), "`is`"))
        left, right = self._term(left_node), self._term(right_node)
        if isinstance(left.kind, LiteralText):
            left, right, left_node, right_node = right, left, right_node, left_node
        equality = isinstance(operator, ast.Eq | ast.NotEq)
        if equality and isinstance(left.kind, Text):
            if isinstance(right.kind, LiteralText):
                same = self._equal(left, right.kind.value, right_node)
                return same if isinstance(operator, ast.Eq) else ast.UnaryOp(ast.Not(), same)
            if right.kind == left.kind:
                return ast.Compare(left.node, [operator], [right.node])
        if isinstance(left.kind, LiteralNumber) and isinstance(right.kind, LiteralNumber):
            return ast.Compare(left.node, [operator], [right.node])
        first, second, _ = self._same(node, f"`{text}`", left, right)
        return ast.Compare(first, [operator], [second])

    def _membership(
        self, node: ast.Compare, left: ast.expr, operator: ast.In | ast.NotIn, right: ast.expr
    ) -> ast.expr:
        if not isinstance(right, ast.Tuple | ast.List | ast.Set) or not right.elts:
            kinds = f"`{ast.unparse(right)[:40]}`"
            help_text = "write the values: `pid in (1, 2)`; for texts there is `.startswith('…')`"
            raise self._fault(faults.wrong_operands(self._span(node), "`in`", kinds, help_text))
        each = [self._comparison(node, left, ast.Eq(), element) for element in right.elts]
        found = each[0] if len(each) == 1 else ast.BoolOp(ast.Or(), each)
        return found if isinstance(operator, ast.In) else ast.UnaryOp(ast.Not(), found)

    def _equal(self, text: Term, literal: str, node: ast.expr, *, whole: bool = True) -> ast.expr:
        """Whether a text is, or begins with, a known one: byte by byte, with the zero byte at the end."""
        assert isinstance(text.kind, Text)
        data = literal.encode(errors="surrogatepass")
        most = (text.kind.size or LARGEST_TEXT) - 1
        if len(data) > most:
            raise self._fault(faults.no_text_length(self._span(node), most))
        if b"\0" in data:
            raise self._fault(faults.refused(self._span(node), "a text with a zero byte"))
        if text.kind.size is None:
            self.needed_text = max(self.needed_text, len(data) + 1)
        wanted = [*data, 0] if whole else [*data]
        if not wanted:
            return ast.Constant(True)
        parts: list[ast.expr] = [
            _bytes_are(text.node, wanted[start : start + _TOGETHER], start)
            for start in range(0, len(wanted), _TOGETHER)
        ]
        return parts[0] if len(parts) == 1 else ast.BoolOp(ast.And(), parts)

    def _temporary(self, name: str, source: str, kind: Kind) -> Term:
        """A variable for a part of an expression; the same one for the same part."""
        known = [variable for variable, other in self.variables.items() if other == source]
        return self._bind(known[0] if known else f"{name}_{len(self.variables)}", source, kind)

    def _choice(self, node: ast.IfExp) -> Term:
        test = self._truth(self._term(node.test), node.test)
        first, second = self._term(node.body), self._term(node.orelse)
        if isinstance(first.kind, Truth) and isinstance(second.kind, Truth):
            return Term(ast.IfExp(test, first.node, second.node), Truth())
        if isinstance(first.kind, LiteralNumber) and isinstance(second.kind, LiteralNumber):
            self._check_range(first.kind.value, Number(), node)
            first = Term(first.node, Number())
        left, right, kind = self._same(node, "`a if b else c`", first, second)
        # The conversion gives literals a width.
        return Term(ast.IfExp(test, _call(kind.type_name, left), _call(kind.type_name, right)), kind)

    def _call(self, node: ast.Call) -> Term:
        match node:
            case ast.Call(func=ast.Name(id=name), args=[argument], keywords=[]) if name in _TEXT_FUNCTIONS:
                address = self._term(argument)
                if not isinstance(address.kind, Number):
                    kinds = _describe(address.kind)
                    raise self._fault(faults.wrong_operands(self._span(node), f"`{name}`", kinds))
                source = f"{_TEXT_FUNCTIONS[name]}(Text, u64({ast.unparse(address.node)}))"
                return self._temporary("text", source, Text(None))
            case ast.Call(
                func=ast.Attribute(value=receiver, attr="startswith"), args=[argument], keywords=[]
            ):
                text, prefix = self._term(receiver), self._term(argument)
                if not isinstance(text.kind, Text) or not isinstance(prefix.kind, LiteralText):
                    kinds = f"{_describe(text.kind)} and {_describe(prefix.kind)}"
                    raise self._fault(faults.wrong_operands(self._span(node), "`startswith`", kinds))
                return Term(self._equal(text, prefix.kind.value, argument, whole=False), Truth())
            case _:
                called = f"`{ast.unparse(node.func)[:40]}(…)`"
                help_text = "there are user_str(ADDRESS), kernel_str(ADDRESS) and TEXT.startswith('…')"
                raise self._fault(
                    faults.wrong_operands(self._span(node), called, "expressions of a probe", help_text)
                )

    def _truth(self, term: Term, node: ast.expr) -> ast.expr:
        match term.kind:
            case Truth():
                return term.node
            case Number():
                return ast.Compare(term.node, [ast.NotEq()], [_constant(0)])
            case LiteralNumber(value=value):
                return ast.Constant(value != 0)
            case Text():
                first = ast.Subscript(term.node, _constant(0), ast.Load())
                return ast.Compare(first, [ast.NotEq()], [_constant(0)])
            case _:
                raise self._fault(faults.wrong_result(self._span(node), "a condition", _describe(term.kind)))


def _call(name: str, argument: ast.expr) -> ast.Call:
    return ast.Call(ast.Name(name, ast.Load()), [argument], [])


def _bytes_are(text: ast.expr, wanted: list[int], start: int) -> ast.expr:
    """Whether some bytes of a text are the wanted ones."""
    whole: ast.expr | None = None
    for index, byte in enumerate(wanted, start):
        place = ast.Subscript(text, _constant(index), ast.Load())
        differs = ast.BinOp(place, ast.BitXor(), _constant(byte))
        whole = differs if whole is None else ast.BinOp(whole, ast.BitOr(), differs)
    assert whole is not None
    return ast.Compare(whole, [ast.Eq()], [_constant(0)])


def _constant(value: int) -> ast.expr:
    """A number as Python writes it; `-1` is no constant of its own."""
    return ast.UnaryOp(ast.USub(), ast.Constant(-value)) if value < 0 else ast.Constant(value)


def _signed(term: Term) -> ast.expr:
    """A number as i64; literals take the other side's type."""
    unsigned = isinstance(term.kind, Number) and not term.kind.signed
    return _call("i64", term.node) if unsigned else term.node


def _describe(kind: Kind) -> str:
    match kind:
        case Number() | LiteralNumber():
            return "a number"
        case Truth():
            return "a bool"
        case Text() | LiteralText():
            return "a text"
        case Integers():
            return "an array"
        case Which():
            return "the probe"
