"""`dataclass`, `field` and `replace` as the standard library has them, but for when work is done.

The library imports `inspect`, and writes and compiles six functions a class as soon as its module
is imported: half of what `flowplan validate` took. Here `__init__` is compiled once some objects
were made, `__eq__` and `__hash__` when they are first needed, and `dataclasses` is loaded when
somebody asks it for fields. A class may not inherit from another dataclass; none does. This module
must not know any of the classes.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    # The real ones, for the type checker.
    from dataclasses import dataclass, field, replace
    from typing import Any, TypeAlias

    _Source: TypeAlias = tuple[str, dict[str, Any]]

__all__ = ["dataclass", "field", "replace"]


class _Missing:
    def __repr__(self) -> str:
        return "MISSING"


_MISSING = _Missing()
_FEW = 8
"""So many objects of a class are made field by field: compiling takes as long as that."""


class _Field:
    """What is said of one field: the library's arguments mean what they mean there."""

    __slots__ = ("compare", "default", "default_factory", "init", "kind", "name", "repr")

    def __init__(
        self,
        *,
        default: Any = _MISSING,
        default_factory: Any = _MISSING,
        init: bool = True,
        repr: bool = True,
        compare: bool = True,
    ) -> None:
        self.default = default
        self.default_factory = default_factory
        self.init = init
        self.repr = repr
        self.compare = compare
        self.name = ""
        self.kind = ""

    def library(self) -> Any:
        """The same as the library's own object."""
        import dataclasses

        rest: dict[str, Any] = {"init": self.init, "repr": self.repr, "compare": self.compare}
        if self.default_factory is not _MISSING:
            return dataclasses.field(default_factory=self.default_factory, **rest)
        if self.default is not _MISSING:
            return dataclasses.field(default=self.default, **rest)
        return dataclasses.field(**rest)


class _Fields:
    """`__dataclass_fields__`, made when it is asked for: then all of `dataclasses` works."""

    def __get__(self, _: Any, cls: Any) -> Any:
        import dataclasses

        items = _own_fields(cls)
        body: dict[str, Any] = {
            "__annotations__": {item.name: item.kind for item in items},
            "__module__": cls.__module__,
            "__doc__": "-",
            **{item.name: item.library() for item in items},
        }
        like: Any = type(cls.__name__, (), body)
        made: Any = dataclasses.dataclass(init=False, repr=False, eq=False)(like)
        cls.__dataclass_fields__ = made.__dataclass_fields__
        return made.__dataclass_fields__


def _own_fields(cls: Any) -> tuple[_Field, ...]:
    found: tuple[_Field, ...] = cls.__flowplan_fields__
    return found


if not TYPE_CHECKING:

    def dataclass(
        cls: type | None = None,
        /,
        *,
        frozen: bool = False,
        slots: bool = False,
        eq: bool = True,
    ) -> Any:
        """Make a dataclass; the arguments mean what they mean in the standard library."""

        def make(given: type) -> type:
            return _made(given, frozen=frozen, slots=slots, eq=eq)

        return make if cls is None else make(cls)

    field = _Field

    def replace(obj: Any, /, **changes: Any) -> Any:
        """A copy of `obj` with other values in these fields. Raises `TypeError` for no field."""
        for item in _own_fields(obj):
            if item.init and item.name not in changes:
                changes[item.name] = getattr(obj, item.name)
        return obj.__class__(**changes)


def _made(given: type, *, frozen: bool, slots: bool, eq: bool) -> type:
    items = tuple(_read(given))
    cls = _slotted(given, items) if slots else _with_defaults(given, items)
    cls.__flowplan_fields__ = items
    cls.__dataclass_fields__ = _Fields()
    methods: dict[str, Any] = {
        "__init__": _filling(
            cls, _compiled_later(cls, "__init__", lambda: _init(cls, frozen, slots))
        ),
        "__match_args__": tuple(item.name for item in items if item.init),
        "__repr__": _repr,
    }
    if frozen:
        methods |= {"__setattr__": _refuse_set, "__delattr__": _refuse_delete}
        methods["__setstate__"] = _set_state
    if eq:
        methods["__eq__"] = _compiled_later(cls, "__eq__", lambda: _eq(cls))
        methods["__hash__"] = _compiled_later(cls, "__hash__", lambda: _hash(cls))
        if not frozen:
            methods["__hash__"] = None
    own = cls.__dict__
    for name, method in methods.items():
        # `__hash__` is None in each class with an `__eq__` of its own.
        if own.get(name) is None:
            setattr(cls, name, method)
    return cls  # type: ignore[no-any-return]


def _read(given: type) -> Iterator[_Field]:
    # Not by `inspect`, which is what takes the time.
    for name, kind in given.__dict__.get("__annotations__", {}).items():  # noqa: RUF063
        if kind.startswith("ClassVar"):
            continue
        value = given.__dict__.get(name, _MISSING)
        item = value if type(value) is _Field else _from_library(value) or _Field(default=value)
        item.name, item.kind = name, kind
        yield item


def _from_library(value: Any) -> _Field | None:
    """The same of a field that was made by the library's `field`."""
    library: Any = sys.modules.get("dataclasses")
    if library is None or not isinstance(value, library.Field):
        return None
    default = _MISSING if value.default is library.MISSING else value.default
    factory = _MISSING if value.default_factory is library.MISSING else value.default_factory
    return _Field(
        default=default, default_factory=factory,
        init=value.init, repr=value.repr, compare=value.compare,
    )  # fmt: skip


def _slotted(given: type, items: tuple[_Field, ...]) -> Any:
    """The class once more, since slots can't be added to one that is there."""
    names = {item.name for item in items} | {"__dict__", "__weakref__"}
    body = {name: value for name, value in given.__dict__.items() if name not in names}
    body["__slots__"] = tuple(item.name for item in items)
    cls: Any = type(given)(given.__name__, given.__bases__, body)
    cls.__qualname__ = given.__qualname__
    return cls


def _with_defaults(given: Any, items: tuple[_Field, ...]) -> Any:
    """The class, with plain defaults in the place of what was said of its fields."""
    for item in items:
        if item.default is not _MISSING:
            setattr(given, item.name, item.default)
        elif item.name in given.__dict__:
            delattr(given, item.name)
    return given


def _filling(cls: Any, compiled: Callable[..., None]) -> Callable[..., None]:
    """An `__init__` for a few objects; `compiled` makes the rest, and says what is wrong."""
    made = 0
    finish = getattr(cls, "__post_init__", None)

    def fill(self: Any, *args: Any, **named: Any) -> None:
        nonlocal made
        made += 1
        if made > _FEW or not _filled(self, args, named):
            compiled(self, *args, **named)
        elif finish is not None:
            finish(self)

    return fill


def _filled(self: Any, args: tuple[Any, ...], named: dict[str, Any]) -> bool:
    """Give the fields their values; False where the arguments are not those of the class."""
    place, left = 0, len(named)
    for item in _own_fields(self):
        if item.init and place < len(args):
            value = args[place]
            place += 1
        elif item.init and item.name in named:
            value = named[item.name]
            left -= 1
        elif item.default_factory is not _MISSING:
            value = item.default_factory()
        elif item.default is not _MISSING:
            value = item.default
        elif item.init:
            return False
        else:
            continue
        object.__setattr__(self, item.name, value)
    return place == len(args) and not left


def _compiled_later(cls: Any, name: str, source: Callable[[], _Source]) -> Callable[..., Any]:
    """A method that puts the compiled one in its own place when it is first called."""

    def first(*args: Any, **named: Any) -> Any:
        text, known = source()
        exec(text, known)  # noqa: S102 as the standard library does: names of fields, no values
        method = known[name]
        method.__qualname__ = f"{cls.__qualname__}.{name}"
        setattr(cls, name, method)
        return method(*args, **named)

    return first


def _init(cls: Any, frozen: bool, slots: bool) -> _Source:
    known: dict[str, Any] = {"_missing": _MISSING, "_set": object.__setattr__}
    params, body = ["self"], []
    for item in _own_fields(cls):
        name = value = item.name
        default = ""
        if item.default_factory is not _MISSING:
            known[f"_new_{name}"] = item.default_factory
            value = f"_new_{name}()"
            if item.init:
                value, default = f"{value} if {name} is _missing else {name}", "=_missing"
        elif item.default is not _MISSING:
            known[f"_default_{name}"] = item.default
            value, default = name if item.init else f"_default_{name}", f"=_default_{name}"
        elif not item.init:
            continue
        params += [f"{name}{default}"] if item.init else []
        body.append(_assignment(cls, name, value, known, frozen=frozen, slots=slots))
    if hasattr(cls, "__post_init__"):
        body.append("self.__post_init__()")
    return f"def __init__({', '.join(params)}):\n  " + "\n  ".join(body or ["pass"]), known


def _assignment(
    cls: Any, name: str, value: str, known: dict[str, Any], *, frozen: bool, slots: bool
) -> str:
    if not frozen:
        return f"self.{name} = {value}"
    if not slots:
        return f"_set(self, {name!r}, {value})"
    known[f"_set_{name}"] = cls.__dict__[name].__set__
    return f"_set_{name}(self, {value})"


def _eq(cls: Any) -> _Source:
    test = "if other.__class__ is not self.__class__: return NotImplemented"
    equal = f"return {_compared(cls, 'self')} == {_compared(cls, 'other')}"
    return f"def __eq__(self, other):\n  {test}\n  {equal}", {}


def _hash(cls: Any) -> _Source:
    return f"def __hash__(self): return hash({_compared(cls, 'self')})", {}


def _compared(cls: Any, what: str) -> str:
    names = [item.name for item in _own_fields(cls) if item.compare]
    return f"({''.join(f'{what}.{name}, ' for name in names)})"


def _repr(self: Any) -> str:
    names = [item.name for item in _own_fields(self) if item.repr]
    told = ", ".join(f"{name}={getattr(self, name)!r}" for name in names)
    return f"{type(self).__qualname__}({told})"


def _refuse_set(_: Any, name: str, __: Any) -> None:
    raise _frozen(f"cannot assign to field {name!r}")


def _refuse_delete(_: Any, name: str) -> None:
    raise _frozen(f"cannot delete field {name!r}")


def _frozen(text: str) -> Exception:
    from dataclasses import FrozenInstanceError

    return FrozenInstanceError(text)


def _set_state(self: Any, state: Any) -> None:
    """What copy and pickle call; theirs would assign."""
    for part in state if isinstance(state, tuple) else (state,):
        for name, value in (part or {}).items():
            object.__setattr__(self, name, value)
