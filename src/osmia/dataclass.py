"""`@dataclass` as in the standard library, at a twentieth of its cost when a module is imported.

The standard one compiles six methods for each class, when the class is made, and imports `inspect`. A
program that is loaded from the cache passes by a hundred such classes and makes objects of a few. Here only
`__init__` is compiled, when it is first used; the other methods are closures. `dataclasses.replace()`,
`fields()` and `is_dataclass()` work on the result, and type checkers see the standard decorator.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from operator import attrgetter
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any, TypeVar, cast

__all__ = ["dataclass", "field", "replace"]

T = TypeVar("T")

_SHAPE = "__dataclass_shape__"


class _Missing:
    """No default; and in a parameter, that the factory is to be asked."""


_MISSING = _Missing()


class _Field:
    """What is known of a field, under the names of `dataclasses.field()`."""

    __slots__ = ("compare", "default", "default_factory", "init", "kw_only", "repr", "type")

    def __init__(self, default: object = _MISSING) -> None:
        self.default = default
        self.default_factory: Callable[[], object] | None = None
        self.init = self.repr = self.compare = True
        self.kw_only = False
        self.type = ""


class _Shape:
    """The fields of a class in their order, those of its bases first."""

    def __init__(self, own: dict[str, _Field], bases: tuple[type, ...], *, frozen: bool) -> None:
        self.fields: dict[str, _Field] = {}
        self.frozen = frozen
        for base in reversed(bases):
            if _SHAPE in base.__dict__:
                self.fields.update(base.__dict__[_SHAPE].fields)
            elif "__dataclass_fields__" in base.__dict__:
                raise TypeError(f"{base.__qualname__} is a dataclass of the standard library")
        self.fields.update(own)
        self.shown = [name for name, each in self.fields.items() if each.repr]
        self.values = _getter([name for name, each in self.fields.items() if each.compare])

    def parameters(self) -> list[str]:
        """The fields that `__init__` takes, those that must be named last."""
        taken = [name for name, each in self.fields.items() if each.init]
        return sorted(taken, key=lambda name: self.fields[name].kw_only)


def _getter(names: list[str]) -> Callable[[object], tuple[Any, ...]]:
    if len(names) > 1:
        return attrgetter(*names)
    return lambda instance: tuple(getattr(instance, name) for name in names)


class _Init:
    """Stands for `__init__` until it is first looked up."""

    def __init__(self, owner: type, shape: _Shape) -> None:
        self._owner = owner
        self._shape = shape

    def __get__(self, instance: object, owner: type | None = None) -> Any:
        function = _compiled_init(self._owner, self._shape)
        self._owner.__init__ = function  # type: ignore[misc]
        return function.__get__(instance, owner)


def _compiled_init(owner: type, shape: _Shape) -> Any:
    names: dict[str, Any] = {"_set": object.__setattr__, "_MISSING": _MISSING}
    parameters, named = ["self"], False
    for name in shape.parameters():
        each = shape.fields[name]
        if each.kw_only and not named:
            named = True
            parameters.append("*")
        has_default = each.default is not _MISSING or each.default_factory is not None
        names[f"_default_{name}"] = each.default
        parameters.append(f"{name}=_default_{name}" if has_default else name)
    body: list[str] = []
    for name, each in shape.fields.items():
        value = name if each.init else f"_default_{name}"
        if each.default_factory is not None:
            names[f"_factory_{name}"] = each.default_factory
            value = (
                f"_factory_{name}() if {name} is _MISSING else {name}" if each.init else f"_factory_{name}()"
            )
        elif not each.init:
            if each.default is _MISSING:
                continue
            names[value] = each.default
        body.append(f"_set(self, {name!r}, {value})" if shape.frozen else f"self.{name} = {value}")
    if hasattr(owner, "__post_init__"):
        body.append("self.__post_init__()")
    text = f"def __init__({', '.join(parameters)}):\n  " + "\n  ".join(body or ["pass"])
    exec(text, names)  # noqa: S102 - of names of fields only, as the standard library does it
    function = names["__init__"]
    function.__qualname__ = f"{owner.__qualname__}.__init__"
    function.__module__ = owner.__module__
    function.__annotations__ = {name: shape.fields[name].type for name in shape.parameters()} | {
        "return": "None"
    }
    return function


class _Standard:
    """An attribute of the standard dataclass with the same fields, made when somebody asks for it."""

    def __init__(self, owner: type, shape: _Shape, name: str) -> None:
        self._owner = owner
        self._shape = shape
        self._name = name

    def __get__(self, instance: object, owner: type | None = None) -> Any:
        import dataclasses  # noqa: PLC0415 - not for a start

        given: list[tuple[str, Any, Any]] = []
        for name, each in self._shape.fields.items():
            options: dict[str, Any] = {
                option: getattr(each, option) for option in ("init", "repr", "compare", "kw_only")
            }
            if each.default is not _MISSING:
                options["default"] = each.default
            if each.default_factory is not None:
                options["default_factory"] = each.default_factory
            given.append((name, each.type, dataclasses.field(**options)))
        made = dataclasses.make_dataclass(self._owner.__name__, given, frozen=self._shape.frozen)
        value = getattr(made, self._name)
        setattr(self._owner, self._name, value)
        return value


def made_dataclass(
    cls: type[T] | None = None, /, *, frozen: bool = False, eq: bool = True, slots: bool = False
) -> Any:
    """See `dataclasses.dataclass`; options that nothing here uses are left out."""
    if cls is None:
        return partial(made_dataclass, frozen=frozen, eq=eq, slots=slots)
    own = _own_fields(cls)
    shape = _Shape(own, cls.__mro__[1:], frozen=frozen)
    if slots:
        cls = _with_slots(cls, own)
    else:
        for name, each in own.items():
            if each.default is not _MISSING:
                setattr(cls, name, each.default)
            elif name in cls.__dict__:
                delattr(cls, name)
    methods: dict[str, Any] = {_SHAPE: shape, "__init__": _Init(cls, shape), "__repr__": _repr_of(shape)}
    for name in ("__dataclass_fields__", "__dataclass_params__"):
        methods[name] = _Standard(cls, shape, name)
    methods["__match_args__"] = tuple(name for name in shape.parameters() if not shape.fields[name].kw_only)
    if eq:
        methods |= _comparisons(cls, shape)
    if frozen:
        methods |= _frozen(cls, shape)
    for name, method in methods.items():
        if name not in cls.__dict__:
            setattr(cls, name, method)
    if frozen and slots:
        _copied_by_values(cls, shape)
    return cls


def _own_fields(cls: type) -> dict[str, _Field]:
    own: dict[str, _Field] = {}
    for name, annotation in cls.__dict__.get("__annotations__", {}).items():  # noqa: RUF063 - inspect is what this module spares
        if not str(annotation).startswith("ClassVar"):
            value = cls.__dict__.get(name, _MISSING)
            own[name] = value if isinstance(value, _Field) else _Field(value)
            own[name].type = annotation
            if type(own[name].default).__hash__ is None:
                raise ValueError(f"the default of {cls.__qualname__}.{name} is mutable; use default_factory")
    return own


def _with_slots(cls: type[T], own: dict[str, _Field]) -> type[T]:
    """The class anew: slots are laid out when a class is made."""
    namespace = {name: value for name, value in cls.__dict__.items() if name not in own}
    for name in ("__dict__", "__weakref__"):
        namespace.pop(name, None)
    inherited = {name for base in cls.__mro__[1:] for name in getattr(base, "__slots__", ())}
    namespace["__slots__"] = tuple(name for name in own if name not in inherited)
    metaclass = cast("Any", type(cls))
    made: type[T] = metaclass(cls.__name__, cls.__bases__, namespace)
    made.__qualname__ = cls.__qualname__
    return made


def _repr_of(shape: _Shape) -> Callable[[object], str]:
    @recursive_repr()
    def __repr__(self: object) -> str:  # noqa: N807 - a method
        shown = ", ".join(f"{name}={getattr(self, name)!r}" for name in shape.shown)
        return f"{type(self).__qualname__}({shown})"

    return __repr__


def _comparisons(cls: type, shape: _Shape) -> dict[str, Any]:
    values = shape.values

    def __eq__(self: object, other: object) -> bool:  # noqa: N807 - a method
        if other.__class__ is not self.__class__:
            return NotImplemented
        return values(self) == values(other)

    def __hash__(self: object) -> int:  # noqa: N807 - a method
        return hash(values(self))

    # Python itself enters None for `__hash__` into a class that defines `__eq__`.
    if cls.__dict__.get("__hash__") is None:
        cls.__hash__ = __hash__ if shape.frozen else None  # type: ignore[assignment]
    return {"__eq__": __eq__}


def _frozen(cls: type, shape: _Shape) -> dict[str, Any]:
    def refuse(self: object, name: str) -> None:
        if type(self) is cls or name in shape.fields:
            from dataclasses import FrozenInstanceError  # noqa: PLC0415 - not for a start

            raise FrozenInstanceError(f"cannot assign to field {name!r}")

    def __setattr__(self: Any, name: str, value: object) -> None:  # noqa: N807 - a method
        refuse(self, name)
        object.__setattr__(self, name, value)

    def __delattr__(self: Any, name: str) -> None:  # noqa: N807 - a method
        refuse(self, name)
        object.__delattr__(self, name)

    return {"__setattr__": __setattr__, "__delattr__": __delattr__}


def _copied_by_values(cls: Any, shape: _Shape) -> None:
    """For `copy` and `pickle`, which would assign to the slots of a frozen object."""

    def __getstate__(self: object) -> list[object]:  # noqa: N807 - a method
        return [getattr(self, name) for name in shape.fields]

    def __setstate__(self: object, state: list[object]) -> None:  # noqa: N807 - a method
        for name, value in zip(shape.fields, state, strict=True):
            object.__setattr__(self, name, value)

    cls.__getstate__, cls.__setstate__ = __getstate__, __setstate__


def made_field(**options: Any) -> Any:
    """See `dataclasses.field`."""
    made = _Field()
    for name, value in options.items():
        setattr(made, name, value)
    return made


def replaced(instance: T, /, **changes: Any) -> T:
    """See `dataclasses.replace`, which this is without the import."""
    shape: _Shape = getattr(type(instance), _SHAPE)
    given = {name: getattr(instance, name) for name in shape.parameters() if name not in changes}
    return type(instance)(**given, **changes)


if TYPE_CHECKING:
    from dataclasses import dataclass, field, replace
else:
    dataclass, field, replace = made_dataclass, made_field, replaced
