"""A struct of the kernel's BTF -> the source of KernelStruct classes."""

from __future__ import annotations

from dataclasses import dataclass, field

from osmia.btf import LazyBtf, types
from osmia.cli.generate.names import OF_STRUCTS, class_name, field_name, imports
from osmia.errors import UsageError

_MOST_CLASSES = 500
_BYTE_ORDERED = {"__be16": "be16", "__be32": "be32", "__be64": "be64"}
_CHARACTERS = ("char",)
Composite = types.Struct | types.Union


@dataclass
class _Wanted:
    """The fields that were asked for, and of each the fields behind it; empty for all, or for none."""

    fields: dict[str, _Wanted] = field(default_factory=dict[str, "_Wanted"])

    def add(self, path: str) -> None:
        """One more field, as `real_parent.tgid`."""
        here = self
        for name in path.split("."):
            here = here.fields.setdefault(name, _Wanted())

    def merge(self, other: _Wanted) -> None:
        """All that another one asks for."""
        for name, inner in list(other.fields.items()):
            self.fields.setdefault(name, _Wanted()).merge(inner)


@dataclass
class _Class:
    """A class to be written: which struct, which of its fields, and whether all."""

    name: str
    type: Composite
    wanted: _Wanted
    whole: bool


def struct_source(graph: LazyBtf, name: str, fields: tuple[str, ...] = ()) -> str:
    """The module's text.

    Raises:
        UsageError: the types have no such struct or field.
    """
    root = _find(graph, name)
    writer = _Writer(graph)
    wanted = _Wanted()
    for path in fields:
        wanted.add(path)
    writer.require(class_name(name), root, wanted, whole=not fields)
    return writer.text(f"Structs of the kernel: {name}, written by `osmia generate struct`.")


def _find(graph: LazyBtf, name: str) -> Composite:
    plain = name.removeprefix("struct ").removeprefix("union ")
    for _, found in graph.named(plain):
        if isinstance(found, Composite):
            return found
    for id, found in graph.named(plain):
        if isinstance(found, types.Typedef):
            behind = graph.resolve(id)
            if isinstance(behind, Composite) and behind.name:
                raise UsageError(f"{plain!r} is another name of struct {behind.name!r}", "give that name")
    raise UsageError(f"there is no struct {plain!r} in {graph.name}", "names are those of C, as task_struct")


class _Writer:
    """The classes that were met, and what they import."""

    def __init__(self, graph: LazyBtf) -> None:
        self._graph = graph
        self._classes: dict[str, _Class] = {}
        self._imports = {"KernelStruct"}

    def require(self, name: str, kind: Composite, wanted: _Wanted, *, whole: bool) -> str:
        """Note that a class is needed; its name."""
        known = self._classes.get(name)
        number = 2
        while known is not None and known.type != kind:
            known = self._classes.get(f"{name}{number}")
            name, number = f"{name}{number}", number + 1
        if known is None:
            if len(self._classes) >= _MOST_CLASSES:
                raise UsageError(f"more than {_MOST_CLASSES} structs are needed", "name the fields you want")
            self._classes[name] = _Class(name, kind, wanted, whole)
        else:
            known.wanted.merge(wanted)
            known.whole = known.whole or whole
        return name

    def text(self, documentation: str) -> str:
        """The module; classes may ask for others while they are written, until all are known."""
        bodies: dict[str, tuple[str, list[str]]] = {}
        while True:
            before = [(name, str(each.wanted), each.whole) for name, each in self._classes.items()]
            for name in list(self._classes):
                bodies[name] = self._body(self._classes[name])
            if before == [(name, str(each.wanted), each.whole) for name, each in self._classes.items()]:
                break
        lines = [f'"""{documentation}"""', "", "from __future__ import annotations", ""]
        marks = {"Annotated", "Literal"} & self._imports
        if marks:
            lines += [imports("typing", marks), ""]
        lines += [imports("osmia", self._imports - marks)]
        for head, body in bodies.values():
            lines += ["", "", head, *body]
        return "\n".join(lines) + "\n"

    def _body(self, wanted: _Class) -> tuple[str, list[str]]:
        kind = wanted.type
        named = f'name="{kind.name}"' if kind.name else ""
        union = "union=True" if isinstance(kind, types.Union) else ""
        arguments = ", ".join(filter(None, ("KernelStruct", named, union)))
        members = self._members(kind)
        missing = [name for name in wanted.wanted.fields if name not in members]
        if missing:
            known = ", ".join(sorted(members)[:12])
            raise UsageError(f"{kind.name!r} has no field {missing[0]!r}", f"it has {known}, …")
        word = "union" if union else "struct"
        lines = [f'    """{f"{word} {kind.name}" if kind.name else f"An unnamed {word}"}."""', ""]
        taken: set[str] = set(OF_STRUCTS)
        names = list(members if wanted.whole else wanted.wanted.fields)
        lines += [self._line(wanted, members[name], taken) for name in names]
        return f"class {wanted.name}({arguments}):", lines[:-1] if lines[-1] == "" else lines

    def _members(self, kind: Composite, depth: int = types.DEEPEST_NESTING) -> dict[str, types.Member]:
        """All members by name, those of anonymous structs and unions as well."""
        found: dict[str, types.Member] = {}
        for member in kind.members:
            inner = self._graph.resolve(member.type)
            if member.name:
                found.setdefault(member.name, member)
            elif isinstance(inner, Composite) and depth > 0:
                for name, each in self._members(inner, depth - 1).items():
                    found.setdefault(name, each)
        return found

    def _line(self, owner: _Class, member: types.Member, taken: set[str]) -> str:
        inner = owner.wanted.fields.get(member.name, _Wanted())
        kind = self._annotation(owner, member, inner)
        if kind is None:
            return f"    # {member.name}: left out, its type has no counterpart"
        annotation, marks = kind
        name = field_name(member.name, taken)
        taken.add(name)
        if name != member.name:
            marks.append(f'FieldName("{member.name}")')
            self._imports.add("FieldName")
        if marks:
            self._imports.add("Annotated")
            annotation = f"Annotated[{annotation}, {', '.join(marks)}]"
        return f"    {name}: {annotation}"

    def _annotation(
        self, owner: _Class, member: types.Member, inner: _Wanted
    ) -> tuple[str, list[str]] | None:
        """The type as it is written, and the marks that belong to it."""
        found = self._graph.resolve(member.type)
        bits = [f"BitField({member.bit_size})"] if member.bit_size else []
        self._imports |= {"BitField"} if bits else set()
        match found:
            case types.Int() | types.Enum():
                plain = self._integer(member.type)
                if plain is None or (bits and plain == "bool"):
                    plain = "u8" if plain == "bool" else None
                if plain is None:
                    return None
                if isinstance(found, types.Enum):
                    self._imports.add("EnumField")
                    return plain, ["EnumField", *bits]
                return plain, bits
            case types.Pointer():
                return self._pointer(found, inner), []
            case types.Array():
                array = self._array(found)
                return None if array is None else (array, [])
            case types.Struct() | types.Union():
                named = found.name or f"{owner.name}_{member.name}"
                return self.require(class_name(named), found, inner, whole=not inner.fields), []
            case _:
                return None

    def _integer(self, id: int) -> str | None:
        """The integer type of an id; the kernel's types for big-endian numbers have names."""
        for _ in range(types.DEEPEST_NESTING):
            found = self._graph.type(id)
            if isinstance(found, types.Typedef) and found.name in _BYTE_ORDERED:
                self._imports.add(_BYTE_ORDERED[found.name])
                return _BYTE_ORDERED[found.name]
            if not isinstance(found, types.Typedef | types.Qualifier | types.TypeTag):
                break
            id = found.type
        else:
            return None
        if isinstance(found, types.Int) and found.encoding & 4 and found.size == 1:
            return "bool"
        if not isinstance(found, types.Int | types.Enum) or found.size not in (1, 2, 4, 8):
            return None
        name = f"{'i' if found.signed else 'u'}{8 * found.size}"
        self._imports.add(name)
        return name

    def _pointer(self, pointer: types.Pointer, inner: _Wanted) -> str:
        target = self._graph.resolve(pointer.type)
        if not isinstance(target, Composite) or not target.name:
            if inner.fields:
                raise UsageError(f"a pointer to no struct has no field {next(iter(inner.fields))!r}")
            self._imports.add("KernelAddress")
            return "KernelAddress"
        self._imports.add("KernelPointer")
        return f"KernelPointer[{self.require(class_name(target.name), target, inner, whole=False)}]"

    def _array(self, array: types.Array) -> str | None:
        element = self._graph.resolve(array.type)
        if array.count < 1 or not isinstance(element, types.Int):
            return None
        self._imports.add("Literal")
        if element.name in _CHARACTERS:
            self._imports.add("CharArray")
            return f"CharArray[Literal[{array.count}]]"
        plain = self._integer(array.type)
        if plain is None:
            return None
        self._imports.add("Array")
        return f"Array[{plain}, Literal[{array.count}]]"
