"""`dataclass` as the standard library has it, but for when its methods are made.

The library's writes and compiles six functions a class as soon as its module is imported: 0.4 ms,
so that a hundred classes took half of what `flowplan validate` does. Here `__init__` is compiled
when the first object is made, `__eq__` and `__hash__` when they are first needed. `field`, `fields`
and `replace` are the library's own. A class may not inherit from another dataclass; none does.
This module must not know any of the classes.
"""

from __future__ import annotations

import dataclasses

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    # The real one, for the type checker.
    from dataclasses import dataclass
    from typing import Any, TypeAlias

    _Source: TypeAlias = tuple[str, dict[str, Any]]

__all__ = ["dataclass"]

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


def _made(given: type, *, frozen: bool, slots: bool, eq: bool) -> type:
    # Else the library asks for the signature, which takes longer than all the rest.
    given.__doc__ = given.__doc__ or given.__name__
    cls: Any = dataclasses.dataclass(init=False, repr=False, eq=False, slots=slots)(given)
    methods: dict[str, Any] = {
        "__init__": _compiled_later(cls, "__init__", lambda: _init(cls, frozen, slots)),
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
    known: dict[str, Any] = {"_missing": dataclasses.MISSING, "_set": object.__setattr__}
    params, body = ["self"], []
    for item in dataclasses.fields(cls):
        name = value = item.name
        default = ""
        if item.default_factory is not dataclasses.MISSING:
            known[f"_new_{name}"] = item.default_factory
            value = f"_new_{name}()"
            if item.init:
                value, default = f"{value} if {name} is _missing else {name}", "=_missing"
        elif item.default is not dataclasses.MISSING:
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
    names = [item.name for item in dataclasses.fields(cls) if item.compare]
    return f"({''.join(f'{what}.{name}, ' for name in names)})"


def _repr(self: Any) -> str:
    names = [item.name for item in dataclasses.fields(self) if item.repr]
    told = ", ".join(f"{name}={getattr(self, name)!r}" for name in names)
    return f"{type(self).__qualname__}({told})"


def _refuse_set(_: Any, name: str, __: Any) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_delete(_: Any, name: str) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")


def _set_state(self: Any, state: Any) -> None:
    """What copy and pickle call; theirs would assign."""
    for part in state if isinstance(state, tuple) else (state,):
        for name, value in (part or {}).items():
            object.__setattr__(self, name, value)
