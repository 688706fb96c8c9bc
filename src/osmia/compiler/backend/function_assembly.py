"""A function of the IR as LLVM assembly: locals, blocks, and the lines of each operation."""

from __future__ import annotations

from osmia.compiler.backend import kernel_fields
from osmia.compiler.backend.arithmetic import binary, compare, convert
from osmia.compiler.backend.captures import capture_places, capture_size
from osmia.compiler.backend.debug_info import DebugInfo
from osmia.compiler.backend.register_uses import after_null_tests, used_registers
from osmia.compiler.backend.spelling import (
    argument_name,
    argument_type,
    local_alignment,
    local_type,
    number,
    register_type,
)
from osmia.compiler.ir.functions import FunctionIr, Linkage
from osmia.compiler.ir.operands import (
    Location,
    Null,
    Number,
    Operand,
    Parameter,
    Register,
)
from osmia.compiler.ir.ops import (
    AddressToPointer,
    Argument,
    AtomicAdd,
    AtomicCompareExchange,
    AtomicUpdate,
    Binary,
    Block,
    Branch,
    CallFunction,
    CallHelper,
    CallKernelFunction,
    CapturesAddress,
    Compare,
    ContextAddress,
    ContextField,
    Convert,
    Copy,
    FunctionAddress,
    IsNull,
    Jump,
    KernelEnumInfo,
    KernelFieldAddress,
    KernelFieldInfo,
    KernelFunctionExists,
    KernelTypeInfo,
    Load,
    LoadLocal,
    MapAddress,
    Offset,
    Opaque,
    Operation,
    PointerAbove,
    PointerDifference,
    PointerToAddress,
    Reinterpret,
    Return,
    SlotAddress,
    Store,
    StoreContext,
    StoreLocal,
    Terminator,
    VariableAddress,
    Zero,
)
from osmia.compiler.ir.types import (
    BoolType,
    IntegerType,
    IrType,
    PointerType,
    StructType,
)

_WORD = 8
"""Bytes of a slot of the stack, as the verifier follows it."""

_CHUNK = 64
"""Bytes of one memset or memcpy: LLVM makes stores of it up to 128, and dies above."""


class FunctionAssembler:
    """One program as text. Registers keep the text of their value, so constants and aliases cost no line."""

    def __init__(self, function: FunctionIr, debug: DebugInfo) -> None:
        self._function = function
        self._debug = debug
        self._lines: list[str] = []
        self._values: dict[int, str] = {}
        self._count = 0
        self._location = ""
        self._captured = capture_places(function.captures)
        self._after_null_tests = set(after_null_tests(function))
        self._used = set(used_registers(function))

    def lines(self) -> list[str]:
        """The function's text."""
        function = self._function
        node = self._debug.subprogram(function)
        if function.linkage is Linkage.PROGRAM:
            self._lines = [
                f"define dso_local {register_type(function.return_type)} @{function.name}(ptr noundef %ctx)",
                f'nounwind mustprogress section "{function.section}" !dbg {node} {{',
            ]
        else:
            # Numbers in 64 bits: the upper half of a narrow register would be undefined.
            linkage = "internal" if function.linkage is Linkage.STATIC else "dso_local"
            given = ", ".join(
                f"{argument_type(each.type)} {argument_name(each, position)}"
                for position, each in enumerate(function.parameters)
            )
            self._lines = [
                f"define {linkage} i64 @{function.name}({given})",
                f"noinline nounwind mustprogress !dbg {node} {{",
            ]
        self._lines.append("entry:")
        self._at(Location(function.scope.line, 1, function.scope))
        if function.linkage is Linkage.GLOBAL and function.parameters:
            self._use_arguments(function.parameters)
        self._entry()
        for block in function.blocks:
            self._block(block)
        return [*self._lines, "}"]

    def result(self, instruction: str) -> str:
        """Append an instruction and return the name of its value."""
        self._count += 1
        name = f"%t{self._count}"
        self._append(f"{name} = {instruction}")
        return name

    def append(self, instruction: str) -> None:
        """Append an instruction that has no value."""
        self._append(instruction)

    def _use_arguments(self, parameters: tuple[Parameter, ...]) -> None:
        """Nothing, but LLVM hands over an undefined value where it sees that nobody uses an argument.

        The verifier wants all that the signature of a global function names.
        """
        given = ", ".join(
            f"{argument_type(each.type)} {argument_name(each, position)}"
            for position, each in enumerate(parameters)
        )
        self._append(f'call void asm sideeffect "", "{",".join("r" * len(parameters))}"({given})')

    def _append(self, instruction: str) -> None:
        self._lines.append(f"  {instruction}, !dbg {self._location}")

    def _at(self, location: Location) -> None:
        self._location = self._debug.location(location)

    def _entry(self) -> None:
        """Allocas, and the fields of the context: LLVM would merge loads in two branches to one of a phi."""
        self._captures()
        for local in self._function.locals:
            self._append(
                f"%v{local.index} = alloca {local_type(local.type)}, align {local_alignment(local.type)}"
            )
        for slot in self._function.slots:
            # Whole words: LLVM would put a spilled register into the rest, which the verifier then forgets.
            size = (slot.type.size + _WORD - 1) // _WORD * _WORD
            self._append(f"%s{slot.index} = alloca [{size} x i8], align {_WORD}")
        loaded: dict[int, str] = {}
        for block in self._function.blocks:
            for operation, _ in block.operations:
                if isinstance(operation, ContextField) and not operation.reload:
                    if operation.offset not in loaded:
                        loaded[operation.offset] = self._load_context(operation)
                    self._values[operation.result.index] = loaded[operation.offset]
        self._append(f"br label %L{self._function.blocks[0].index}")

    def _captures(self) -> None:
        """The place of the variables that a function shares with its loops: made, or the caller's."""
        function = self._function
        if not function.captures:
            return
        if not function.is_loop_body:
            size = capture_size(function.captures)
            self._append(f"%captures = alloca [{size} x i8], align {_WORD}")
        if function.captures_context:
            into = "%ctx = load ptr, ptr" if function.is_loop_body else "store ptr %ctx, ptr"
            self._append(f"{into} %captures, align {_WORD}")

    def _load_context(self, field: ContextField) -> str:
        bits = field.size * 8
        is_pointer = isinstance(field.result.type, PointerType)
        # Or LLVM makes one load of it and of another one in a branch beside it, from either address.
        base = "%ctx" if is_pointer else self.result("call ptr @llvm.preserve.static.offset(ptr %ctx)")
        address = self.result(f"getelementptr inbounds i8, ptr {base}, i64 {field.offset}")
        # Never zero: LLVM then sees that a header that was read is not the null of one that was not.
        known = f", !range {self._debug.not_zero(bits)}" if is_pointer else ""
        value = self.result(f"load i{bits}, ptr {address}, align {field.size}{known}")
        if is_pointer:
            value = self.result(f"zext i{bits} {value} to i64") if bits < 64 else value
            if field.reload:
                value = self.result(f'call i64 asm sideeffect "", "=r,0"(i64 {value})')
            return self.result(f"inttoptr i64 {value} to ptr")
        if field.reload:
            value = self.result(f'call i{bits} asm sideeffect "", "=r,0"(i{bits} {value})')
        assert isinstance(field.result.type, IntegerType)
        narrower = field.result.type.bits < bits
        return self.result(f"trunc i{bits} {value} to i{field.result.type.bits}") if narrower else value

    def _store_context(self, field: StoreContext) -> None:
        """Volatile, or LLVM would make one store of two that lie side by side; the verifier wants each."""
        assert isinstance(field.value.type, IntegerType)
        base = self.result("call ptr @llvm.preserve.static.offset(ptr %ctx)")
        address = self.result(f"getelementptr inbounds i8, ptr {base}, i64 {field.offset}")
        value, bits = self._value(field.value), field.size * 8
        if field.value.type.bits < bits:
            value = self.result(f"zext i{field.value.type.bits} {value} to i{bits}")
        self._append(f"store volatile i{bits} {value}, ptr {address}, align {field.size}")

    def _block(self, block: Block) -> None:
        self._lines.append(f"L{block.index}:")
        if block.index in self._after_null_tests:
            self._keep_apart(block)
        for operation, location in block.operations:
            self._at(location)
            self._operation(operation)
        if block.terminator is None:
            self._append("unreachable")
            return
        terminator, location = block.terminator
        self._at(location)
        self._terminator(terminator)

    def _keep_apart(self, block: Block) -> None:
        """Nothing, but LLVM moves no test over it: two null tests would become one of `first | second`.

        The verifier allows no such arithmetic with pointers.
        """
        locations = [location for _, location in block.operations]
        if not locations and block.terminator is not None:
            locations.append(block.terminator[1])
        if locations:
            self._at(locations[0])
        self._append('call void asm sideeffect "", ""()')

    def _terminator(self, terminator: Terminator) -> None:
        match terminator:
            case Jump(target):
                self._append(f"br label %L{target.index}")
            case Branch(condition, then, otherwise):
                self._append(
                    f"br i1 {self._value(condition)}, label %L{then.index}, label %L{otherwise.index}"
                )
            case Return(value) if self._function.linkage is Linkage.PROGRAM:
                self._append(f"ret {self._typed(value)}")
            case Return(value):
                self._append(f"ret i64 {self._widened(value)}")

    def _value(self, operand: Operand) -> str:
        match operand:
            case Register(index=index):
                return self._values[index]
            case Number(value=value, type=kind):
                return number(value, kind)
            case Null():
                return "null"

    def _typed(self, operand: Operand) -> str:
        return f"{register_type(operand.type)} {self._value(operand)}"

    def _operation(self, operation: Operation) -> None:
        match operation:
            case StoreLocal(local, value) if local in self._captured:
                self._captured[local].store(self, local, self._widened(value))
            case StoreLocal(local, value):
                stored = self._value(value)
                if isinstance(local.type, BoolType):
                    stored = self.result(f"zext i1 {stored} to i8")
                self._append(f"store {local_type(local.type)} {stored}, ptr %v{local.index}")
            case Store() | AtomicAdd() | Zero() | Copy():
                self._write(operation)
            case StoreContext():
                self._store_context(operation)
            case ContextField(reload=False):
                pass
            case _:
                self._values[operation.result.index] = self._compute(operation)

    def _write(self, operation: Store | AtomicAdd | Zero | Copy) -> None:
        match operation:
            case Store(pointer, value, alignment):
                stored, text = self._value(value), register_type(value.type)
                if isinstance(value.type, BoolType):
                    stored, text = self.result(f"zext i1 {stored} to i8"), "i8"
                self._append(f"store {text} {stored}, ptr {self._value(pointer)}, align {alignment}")
            case AtomicAdd(pointer, value):
                added = self._typed(value)
                self.result(f"atomicrmw add ptr {self._value(pointer)}, {added} monotonic")
            case Zero(pointer, size, alignment):
                for start in range(0, size, _CHUNK):
                    target = self._moved(pointer, start)
                    length = min(_CHUNK, size - start)
                    to = f"ptr align {alignment} {target}"
                    self._append(f"call void @llvm.memset.p0.i64({to}, i8 0, i64 {length}, i1 false)")
            case Copy(target, source, size, alignment):
                for start in range(0, size, _CHUNK):
                    length = min(_CHUNK, size - start)
                    to = f"ptr align {alignment} {self._moved(target, start)}"
                    origin = f"ptr align {alignment} {self._moved(source, start)}"
                    self._append(f"call void @llvm.memcpy.p0.p0.i64({to}, {origin}, i64 {length}, i1 false)")

    def _moved(self, pointer: Operand, distance: int) -> str:
        value = self._value(pointer)
        return (
            value if distance == 0 else self.result(f"getelementptr inbounds i8, ptr {value}, i64 {distance}")
        )

    def _compute(self, operation: Operation) -> str:  # noqa: C901 - one case for each operation
        match operation:
            case LoadLocal(_, local) if local in self._captured:
                return self._narrowed(self._captured[local].load(self, local), local.type)
            case LoadLocal(_, local):
                value = self.result(f"load {local_type(local.type)}, ptr %v{local.index}")
                return self.result(f"icmp ne i8 {value}, 0") if isinstance(local.type, BoolType) else value
            case Binary(result, operator, left, right):
                assert isinstance(result.type, IntegerType)
                return binary(self, operator, result.type, self._value(left), self._value(right))
            case Compare(_, operator, left, right):
                assert isinstance(left.type, IntegerType | BoolType)
                return compare(self, operator, left.type, self._value(left), self._value(right))
            case IsNull(_, pointer):
                return self.result(f"icmp eq ptr {self._value(pointer)}, null")
            case PointerAbove(_, left, right):
                return self.result(f"icmp ugt ptr {self._value(left)}, {self._value(right)}")
            case PointerDifference(_, left, right):
                high = self.result(f"ptrtoint ptr {self._value(left)} to i64")
                low = self.result(f"ptrtoint ptr {self._value(right)} to i64")
                # Opaque, or LLVM subtracts the lower halves only, which the verifier refuses of pointers.
                return self._opaque(self.result(f"sub i64 {high}, {low}"))
            case Convert(result, value):
                assert isinstance(result.type, IntegerType)
                assert isinstance(value.type, IntegerType | BoolType)
                return convert(self, value.type, result.type, self._value(value))
            case Reinterpret(_, value):
                return self._value(value)
            case Opaque(result, value):
                kind = "ptr" if isinstance(result.type, PointerType) else "i64"
                return self._opaque(self._value(value), kind)
            case SlotAddress(_, slot):
                return f"%s{slot.index}"
            case VariableAddress(_, variable):
                return f"@{variable.name}"
            case MapAddress(_, definition):
                return f"@{definition.name}"
            case ContextAddress():
                return "%ctx"
            case ContextField():
                return self._load_context(operation)
            case Offset(_, pointer, offset):
                if isinstance(offset, Number) and offset.value == 0:
                    return self._value(pointer)
                return self.result(
                    f"getelementptr inbounds i8, ptr {self._value(pointer)}, {self._typed(offset)}"
                )
            case Load(result, pointer, alignment):
                address = self._value(pointer)
                if isinstance(result.type, BoolType):
                    byte = self.result(f"load i8, ptr {address}, align 1")
                    return self.result(f"icmp ne i8 {byte}, 0")
                return self.result(f"load {register_type(result.type)}, ptr {address}, align {alignment}")
            case AtomicUpdate(result, operator, pointer, value):
                # Only so, and without a use of the result, is it the `lock` instruction of every kernel.
                order = "seq_cst" if operator != "add" or result.index in self._used else "monotonic"
                target = f"ptr {self._value(pointer)}, {self._typed(value)}"
                return self.result(f"atomicrmw {operator} {target} {order}")
            case AtomicCompareExchange(_, pointer, expected, value):
                numbers = f"{self._typed(expected)}, {self._typed(value)}"
                pair = self.result(f"cmpxchg ptr {self._value(pointer)}, {numbers} seq_cst seq_cst")
                kind = register_type(expected.type)
                return self.result(f"extractvalue {{ {kind}, i1 }} {pair}, 0")
            case CallHelper():
                return self._call(operation)
            case KernelFieldAddress(_, pointer, struct, index):
                return self._kernel_field(pointer, struct, index)
            case KernelFieldInfo(_, pointer, struct, index, kind):
                return self.result(kernel_fields.field_info(self._kernel_field(pointer, struct, index), kind))
            case KernelTypeInfo(_, struct, size):
                node = self._debug.type(struct)
                return self.result(kernel_fields.type_info(self._count, node, size=size))
            case KernelEnumInfo(_, enumeration, index, exists):
                node = self._debug.kernel_enum(enumeration)
                asked = kernel_fields.enum_info(self._count, enumeration, index, node, exists=exists)
                return self.result(asked)
            case AddressToPointer(_, value):
                return self.result(f"inttoptr i64 {self._value(value)} to ptr")
            case PointerToAddress(_, pointer):
                return self.result(f"ptrtoint ptr {self._value(pointer)} to i64")
            case Argument(result, position):
                name = argument_name(self._function.parameters[position], position)
                return self._narrowed(name, result.type)
            case CallKernelFunction(result, kernel_function, arguments):
                given = ", ".join(f"{argument_type(each.type)} {self._widened(each)}" for each in arguments)
                value = self.result(f"call i64 @{kernel_function.name}({given})")
                # The kernel's own calling convention says nothing about the bits behind a bool.
                is_bool = isinstance(result.type, BoolType)
                return (
                    self.result(f"trunc i64 {value} to i1") if is_bool else self._narrowed(value, result.type)
                )
            case KernelFunctionExists(_, kernel_function):
                return self.result(f"icmp ne ptr @{kernel_function.name}, null")
            case FunctionAddress(function=named):
                return f"@{named}"
            case CapturesAddress():
                return "%captures"
            case CallFunction(result, called, arguments):
                given = ", ".join(f"{argument_type(each.type)} {self._widened(each)}" for each in arguments)
                return self._narrowed(self.result(f"call i64 @{called}({given})"), result.type)
            case _:
                raise AssertionError(f"{type(operation).__name__} has no result")

    def _kernel_field(self, pointer: Operand, struct: StructType, index: int) -> str:
        node = self._debug.type(struct)
        return self.result(kernel_fields.access(struct, self._value(pointer), index, node))

    def _opaque(self, value: str, kind: str = "i64") -> str:
        """The same 64 bits, of which LLVM knows nothing."""
        known = "nonnull " if kind == "ptr" else ""
        return self.result(f'call {known}{kind} asm "", "=r,0"({kind} {value})')

    def _call(self, call: CallHelper) -> str:
        """Integer arguments are widened here: the upper half of a narrow argument register is undefined."""
        arguments = [f"{argument_type(each.type)} {self._widened(each)}" for each in call.arguments]
        result = call.result.type
        target = f"inttoptr (i64 {call.helper} to ptr)({', '.join(arguments)})"
        if isinstance(result, PointerType):
            return self.result(f"call ptr {target}")
        return self._narrowed(self.result(f"call i64 {target}"), result)

    def _widened(self, operand: Operand) -> str:
        """An address, or a number in 64 bits."""
        value, kind = self._value(operand), operand.type
        if isinstance(operand, Register) and isinstance(kind, IntegerType) and kind.bits < 64:
            return self.result(f"{'sext' if kind.signed else 'zext'} i{kind.bits} {value} to i64")
        if isinstance(operand, Register) and isinstance(kind, BoolType):
            return self.result(f"zext i1 {value} to i64")
        return value

    def _narrowed(self, value: str, kind: IrType) -> str:
        """What was widened, as it is in the IR."""
        if isinstance(kind, BoolType):
            return self.result(f"icmp ne i64 {value}, 0")
        if isinstance(kind, IntegerType) and kind.bits < 64:
            return self.result(f"trunc i64 {value} to i{kind.bits}")
        return value
