"""What the check of one program carries along: builder, findings, module; and its small steps."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from typing import Any, Literal

from osmia.compiler import findings
from osmia.compiler.check.frames import Flow, Frame, Held
from osmia.compiler.check.helper_rules import may_call
from osmia.compiler.check.type_table import TypeTable
from osmia.compiler.check.values import (
    PlainInt,
    Poison,
    Reference,
    Scalar,
    Value,
    limits,
    scalar,
)
from osmia.compiler.ir.builder import FunctionBuilder
from osmia.compiler.ir.functions import FunctionIr
from osmia.compiler.ir.operands import Location, MapDefinition, Number, Operand, StackSlot, VariableDefinition
from osmia.compiler.ir.ops import (
    Binary,
    BinaryOperator,
    Block,
    CallHelper,
    Compare,
    CompareOperator,
    Convert,
    Copy,
    IsNull,
    Load,
    Offset,
    Opaque,
    Reinterpret,
    SlotAddress,
    Store,
)
from osmia.compiler.ir.types import (
    BOOL,
    I64,
    U64,
    ArrayType,
    BoolType,
    IntegerType,
    MemoryType,
    PointerType,
    Space,
    StructType,
    alignment_of,
)
from osmia.compiler.primitives.log_table import LogTable
from osmia.compiler.source import FunctionSource
from osmia.dataclass import dataclass, field, replace
from osmia.diagnostics import Diagnostic, Span
from osmia.lang.constants import Constant
from osmia.lang.functions import Subprogram
from osmia.lang.maps import Map
from osmia.lang.timer_callbacks import TimerCallback
from osmia.lang.variables import Global
from osmia.uapi import ProgramType


@dataclass(frozen=True)
class CheckedSubprogram:
    """A subprogram in the object; `ir` is None where findings were reported."""

    name: str
    ir: FunctionIr | None = None
    moves_packet: bool = False
    """Whether it may move the packet, so that the caller must read its bounds again."""


@dataclass
class ModuleContext:
    """What all programs of one object share."""

    types: TypeTable
    maps: dict[Map, MapDefinition]
    constants: dict[Constant[Any], VariableDefinition]
    globals: dict[Global[Any], VariableDefinition]
    log: LogTable
    names: set[str] = field(default_factory=set[str])
    """Names that stand for something in the object already."""
    subprograms: dict[object, CheckedSubprogram] = field(default_factory=dict[object, CheckedSubprogram])
    """By the function, the program's context, and the memory that its arguments lie in."""
    findings: list[Diagnostic] = field(default_factory=list[Diagnostic])
    lost_events: MapDefinition | None = None
    """The counters of events that found no room, where programs send some."""
    may_be_none: set[tuple[object, str]] = field(default_factory=set[tuple[object, str]])
    """Functions and their names that a loop may set to None, learnt on the way."""


class MayBeNoneError(Exception):
    """A loop sets a name to None that was taken to be present at its head; the program is checked anew."""


class Checker:
    """The state of checking one program, with the small steps that all its parts take."""

    def __init__(
        self,
        module: ModuleContext,
        frame: Frame,
        context_type: type,
        program_type: ProgramType,
        verdict: IntegerType | BoolType,
    ) -> None:
        self.module = module
        self.frame = frame
        self.context_type = context_type
        """The class of the program's context."""
        self.program_type = program_type
        """Of the program that is compiled: it decides which helpers may be called."""
        self.verdict = verdict
        """What the program returns."""
        self.builder = FunctionBuilder(Location(frame.source.node.lineno, 1, frame.scope))
        self.state: Flow | None = Flow()
        self.is_subprogram = False
        """Whether a function that is not inlined is checked, not a program."""
        self.held: Held | None = None
        """The lock that is held, by this function or one that called it."""
        self.node: ast.expr | ast.stmt = frame.source.node
        """What is emitted belongs to this node."""
        self.packet_reload = False
        """Whether a helper may have moved the packet, so that its bounds must be read again."""
        self.packet_moves = 0
        """How often that was emitted."""
        self._node: ast.expr | ast.stmt | None = None
        self._temporaries: dict[tuple[str, MemoryType], StackSlot] = {}
        self.builtins: Mapping[object, Callable[[Checker, ast.Call], Value]]
        self.inline: Callable[[Checker, FunctionSource, list[Value], ast.expr], Value]
        self.call_subprogram: Callable[
            [Checker, Subprogram[..., Any], FunctionSource, list[Value], ast.expr], Value
        ]
        self.compile_timer_callback: Callable[[Checker, TimerCallback[Any, Any]], str | None]
        self.bind: Callable[[Checker, ast.Name, Value], None]
        self.give_back: Callable[[Checker], None]
        """Give all back that is held, where the program ends for the verifier only."""

    # findings

    def span(self, node: ast.expr | ast.stmt | ast.arg | ast.keyword) -> Span:
        """The span of a node of the current function."""
        return self.frame.source.source_map.span(node)

    def report(self, finding: Diagnostic) -> Poison:
        """Record a finding, with the call sites that led to it."""
        notes: list[str] = []
        location = self.frame.scope.inlined_at
        while location is not None:
            notes.append(f"called from {location.scope.filename}:{location.line}")
            location = location.scope.inlined_at
        known = {(seen.code, seen.span) for seen in self.module.findings}
        if (finding.code, finding.span) not in known:
            self.module.findings.append(replace(finding, notes=finding.notes + tuple(notes)))
        return Poison()

    def at(self, node: ast.expr | ast.stmt) -> None:
        """What is emitted from here on belongs to this node."""
        self.node = node
        self._node = node
        column = self.frame.source.source_map.characters(node.lineno, node.col_offset) + 1
        self.builder.location = Location(node.lineno, column, self.frame.scope)

    def here(self) -> Span:
        """The span of what is being emitted."""
        return self.frame.source.span_of_name() if self._node is None else self.span(self._node)

    def annotation(self, node: ast.expr) -> object:
        """What an annotation of the current function means; `Poison` where that was reported."""
        try:
            return self.frame.source.evaluate(node)
        except Exception as error:  # noqa: BLE001 - whatever the user's own expression raises
            return self.report(findings.unknown_annotation(self.span(node), ast.unparse(node), str(error)))

    def present(self, value: Reference, span: Span) -> Value:
        """A reference that must not be None."""
        return (
            self.report(findings.unchecked_lookup(span, "this", value.origin))
            if value.type.nullable
            else value
        )

    # small operations

    def offset(self, pointer: Operand, distance: Operand, pointee: MemoryType | None) -> Operand:
        """A pointer moved by bytes, to a value of another type."""
        assert isinstance(pointer.type, PointerType)
        result = self.builder.register(PointerType(pointee, pointer.type.space))
        self.builder.emit(Offset(result, pointer, distance))
        return result

    def field(self, reference: Reference, distance: int, field_type: MemoryType) -> Reference:
        """A part of a struct or array."""
        pointer = self.offset(reference.operand, Number(distance, I64), field_type)
        return replace(reference, operand=pointer, fresh=False, sure=None)

    def load(self, reference: Reference) -> Value:
        """The value of a place: scalars are loaded, structs and arrays stay where they are."""
        pointee = reference.type.pointee
        if isinstance(pointee, IntegerType | BoolType):
            result = self.builder.register(pointee)
            self.builder.emit(Load(result, reference.operand, alignment_of(pointee)))
            return scalar(result)
        return reference

    def store(self, target: Operand, value: Value) -> None:
        """Write a scalar, or copy a struct or array; the types are equal already."""
        if isinstance(value, Scalar):
            self.builder.emit(Store(target, value.operand, alignment_of(value.type)))
        elif isinstance(value, Reference):
            pointee = value.type.pointee
            assert pointee is not None
            self.builder.emit(Copy(target, value.operand, pointee.size, alignment_of(pointee)))

    def slot(self, memory_type: MemoryType) -> Operand:
        """The address of new bytes of the stack."""
        result = self.builder.register(PointerType(memory_type, Space.STACK))
        self.builder.emit(SlotAddress(result, self.builder.slot(memory_type)))
        return result

    def moved(self, reference: Reference, slot: Operand | None) -> Operand:
        """A new struct, moved to a slot that is kept for it, so that its address is always the same."""
        pointee = reference.type.pointee
        assert pointee is not None
        target = slot if slot is not None else self.slot(pointee)
        self.store(target, reference)
        return target

    def in_memory(self, value: Value, purpose: str, spaces: frozenset[Space]) -> Operand:
        """The address of a value for a helper: where it is, if the helper may read there, else a copy."""
        if isinstance(value, Reference):
            if value.type.space in spaces:
                return value.operand
            pointee = value.type.pointee
            assert pointee is not None
            target = self.temporary(purpose, pointee)
        else:
            assert isinstance(value, Scalar)
            target = self.temporary(purpose, value.type)
        self.store(target, value)
        return target

    def temporary(self, purpose: str, memory_type: MemoryType) -> Operand:
        """Stack for an argument that is read at once: one place for each purpose and type."""
        slot = self._temporaries.get((purpose, memory_type))
        if slot is None:
            slot = self._temporaries[purpose, memory_type] = self.builder.slot(memory_type)
        result = self.builder.register(PointerType(memory_type, Space.STACK))
        self.builder.emit(SlotAddress(result, slot))
        return result

    def require(self, condition: Operand) -> None:
        """Go on where a condition holds; it always does, but the verifier must see it."""
        follow, never = self.builder.block(), self.builder.block()
        self.builder.branch(condition, follow, never)
        self._end(never, follow)

    def refuse(self, condition: Operand) -> None:
        """Go on where a condition does not hold; it never does, but the verifier must see it."""
        follow, never = self.builder.block(), self.builder.block()
        self.builder.branch(condition, never, follow)
        self._end(never, follow)

    def _end(self, never: Block, follow: Block) -> None:
        self.builder.enter(never)
        self.give_back(self)
        self.builder.finish(Number(0, self.verdict))
        self.builder.enter(follow)

    def helper(
        self, number: int, name: str, result: IntegerType | PointerType, *arguments: Operand
    ) -> Operand:
        """Call a kernel helper; a finding where programs of this type may not."""
        may_call(self, name)
        register = self.builder.register(result)
        self.builder.emit(CallHelper(register, number, name, arguments))
        return register

    def compare(self, operator: CompareOperator, left: Scalar, right: Scalar) -> Operand:
        """Whether a relation holds between two scalars of one type."""
        result = self.builder.register_bool()
        self.builder.emit(Compare(result, operator, left.operand, right.operand))
        return result

    def binary(self, operator: BinaryOperator, left: Scalar, right: Scalar) -> Scalar:
        """An operation on two integers of one type."""
        result = self.builder.register(left.type)
        self.builder.emit(Binary(result, operator, left.operand, right.operand))
        return scalar(result)

    def is_null(self, pointer: Operand, *, negate: bool = False) -> Scalar:
        """Whether a pointer is null, or is not."""
        result = self.builder.register_bool()
        self.builder.emit(IsNull(result, pointer))
        return scalar(self.compare("eq", scalar(result), scalar(Number(0, BOOL))) if negate else result)

    def opaque_bool(self, value: Operand) -> Scalar:
        """A bool of which LLVM does not know that it is a test of a pointer: it would add up such tests."""
        number = self.convert(scalar(value), U64)
        opaque = self.builder.register(U64)
        self.builder.emit(Opaque(opaque, number.operand))
        return scalar(self.compare("ne", scalar(opaque), scalar(Number(0, U64))))

    def convert(self, value: Scalar | PlainInt, target: IntegerType) -> Scalar:
        """The number of an integer or bool as another integer, wrapped around."""
        low, high = limits(target)
        if isinstance(value.operand, Number):
            number = value.operand.value & ((1 << target.bits) - 1)
            if number > high:
                number -= 1 << target.bits
            return Scalar(Number(number, target), number, number)
        result = self.builder.register(target)
        self.builder.emit(Convert(result, value.operand))
        if low <= value.low and value.high <= high:
            return Scalar(result, value.low, value.high)
        return Scalar(result, low, high)

    def reinterpret(self, operand: Operand, target: IntegerType) -> Operand:
        """The same bits as another integer type of the same width."""
        if isinstance(operand, Number):
            order: Literal["big", "little"] = "big" if self._swapped(operand.type, target) else "little"
            data = (operand.value % (1 << target.bits)).to_bytes(target.size, "little")
            return Number(int.from_bytes(data, order, signed=target.signed), target)
        result = self.builder.register(target)
        self.builder.emit(Reinterpret(result, operand))
        return result

    @staticmethod
    def _swapped(source: object, target: IntegerType) -> bool:
        return isinstance(source, IntegerType) and source.big_endian != target.big_endian

    # types

    def fit(self, value: Value, expected: MemoryType, span: Span, *, literal: bool = True) -> Value:
        """The value as the expected type: a literal takes its width, all else must have it already."""
        if isinstance(value, Poison):
            return value
        if isinstance(value, PlainInt) and isinstance(expected, IntegerType):
            low, high = limits(expected)
            if not literal:
                return self.report(findings.plain_int(span, "this", expected.name, member_help(expected)))
            if not (low <= value.low and value.high <= high):
                number = (
                    str(value.low)
                    if value.low == value.high
                    else f"a number from {value.low} to {value.high}"
                )
                return self.report(findings.literal_out_of_range(span, number, expected.name, low, high))
            return self.convert(value, expected)
        if isinstance(value, Scalar):
            if value.type == expected:
                return value
            if isinstance(value.type, IntegerType) and isinstance(expected, IntegerType):
                if value.type.plain == expected.plain:
                    return Scalar(self.reinterpret(value.operand, expected), value.low, value.high)
                help_text = member_help(expected) or f"convert it: `{expected.name}(…)`"
                return self.report(findings.type_mismatch(span, str(expected), str(value.type), help_text))
        if isinstance(value, Reference):
            if value.type.nullable:
                return self.report(findings.unchecked_lookup(span, "this", value.origin))
            if value.type.pointee == expected and isinstance(expected, StructType | ArrayType):
                return value
        return self.report(findings.type_mismatch(span, str(expected), str(value)))


def member_help(expected: MemoryType) -> str:
    """What to write where a member of an enumeration is expected; empty for other types."""
    return (
        f"write a member of `{expected.name}`" if isinstance(expected, IntegerType) and expected.base else ""
    )


def number(value: int) -> PlainInt:
    """A literal."""
    return PlainInt(Number(value, I64 if value < 1 << 63 else U64), value, value)
