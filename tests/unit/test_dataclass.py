"""osmia.dataclass against the standard decorator: the same class made by both behaves the same."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import pickle
from collections.abc import Callable
from typing import Any, ClassVar, TypeVar

import pytest

from osmia.dataclass import dataclass, field, made_dataclass, made_field, replace

T = TypeVar("T")
Decorator = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Point:
    """At module level, as pickle needs it."""

    x: int
    y: int = 2


def build(decorator: Decorator, make_field: Decorator, **options: Any) -> Any:
    @decorator(**options)
    class Base:
        first: int
        second: str = "two"

    @decorator(**options)
    class Derived(Base):
        shared: ClassVar[int] = 5
        third: list[int] = make_field(default_factory=list)
        fourth: int = make_field(default=4, repr=False, compare=False)
        fifth: int = make_field(default=5, init=False)
        sixth: int = make_field(default=6, kw_only=True)

    return Derived


OPTIONS = [{}, {"frozen": True}, {"eq": False}, {"slots": True}, {"frozen": True, "slots": True}]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_it_behaves_like_the_standard_one(options: dict[str, bool]) -> None:
    ours = build(made_dataclass, made_field, **options)
    theirs = build(dataclasses.dataclass, dataclasses.field, **options)
    assert list(inspect.signature(ours).parameters) == list(inspect.signature(theirs).parameters)
    assert ours.__match_args__ == theirs.__match_args__
    for arguments, named in (((1,), {}), ((1, "b", [3]), {"sixth": 7}), ((2,), {"fourth": 9})):
        a, b = ours(*arguments, **named), theirs(*arguments, **named)
        assert repr(a) == repr(b)
        assert (a == ours(*arguments, **named)) is (b == theirs(*arguments, **named))
        assert (a == ours(3)) is (b == theirs(3))
        assert a != b
        assert dataclasses.asdict(a) == dataclasses.asdict(b)
        assert (
            repr(replace(a, first=8))
            == repr(dataclasses.replace(a, first=8))
            == repr(dataclasses.replace(b, first=8))
        )
        assert repr(copy.copy(a)) == repr(a)
        assert hasattr(a, "__dict__") is hasattr(b, "__dict__")
    assert (ours.__hash__ is None) is (theirs.__hash__ is None)
    assert ours(1).third is not ours(1).third
    too_many: tuple[Any, ...] = (1, "b", [], 4, 5)
    for wrong in ((), too_many):
        with pytest.raises(TypeError):
            ours(*wrong)
        with pytest.raises(TypeError):
            theirs(*wrong)


def test_a_frozen_object_stays_as_it_is() -> None:
    point: Any = Point(1)
    with pytest.raises(dataclasses.FrozenInstanceError):
        point.x = 3
    with pytest.raises(dataclasses.FrozenInstanceError):
        del point.x
    assert hash(point) == hash(Point(1, 2))
    assert pickle.loads(pickle.dumps(point)) == point
    match point:
        case Point(x, y):
            assert (x, y) == (1, 2)
        case _:
            pytest.fail("not matched")


def test_a_mutable_default_is_refused() -> None:
    with pytest.raises(ValueError, match="default_factory"):

        @made_dataclass
        class _Wrong:  # pyright: ignore[reportUnusedClass]
            values: list[int] = []  # noqa: RUF012 - what the test is about


def test_post_init_and_own_methods_are_kept() -> None:
    @dataclass
    class Sum:
        parts: list[int] = field(default_factory=list[int])

        def __post_init__(self) -> None:
            self.total = sum(self.parts)

        def __repr__(self) -> str:
            return f"<{self.total}>"

    assert repr(Sum([1, 2])) == "<3>"
    assert dataclasses.is_dataclass(Sum)
