"""`flowplan.dataclass` behaves as the standard library's does."""

from __future__ import annotations

import copy
import dataclasses
import pickle
import subprocess
import sys
from dataclasses import FrozenInstanceError, field, fields, replace

import pytest

from flowplan.dataclass import dataclass

KINDS = [
    {"frozen": frozen, "slots": slots, "eq": eq}
    for frozen in (False, True)
    for slots in (False, True)
    for eq in (False, True)
]


@dataclass(frozen=True, slots=True)
class Point:
    """A place."""

    x: int
    y: int = 0
    tags: list[str] = field(default_factory=list, compare=False)
    note: str = field(default="", repr=False)


@dataclass(slots=True)
class Counter:
    step: int
    seen: dict[str, int] = field(default_factory=dict, init=False)
    total: int = field(default=0, init=False)
    twice: int = field(init=False)

    def __post_init__(self) -> None:
        self.twice = 2 * self.step


@pytest.fixture(autouse=True, params=[False, True], ids=["few", "many"])
def already_made(request):
    """All of it for the first objects of a class, and for those that come after many."""
    if request.param:
        for number in range(50):
            Point(number)
            Counter(number)


def pair(**kind):
    """The same class made by both."""

    def make(decorator):
        class Made:
            """One."""

            a: int
            b: str = "x"
            c: list[int] = field(default_factory=list)

        return decorator(**kind)(Made)

    return make(dataclass), make(dataclasses.dataclass)


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_objects_are_equal_hashed_and_shown_as_the_librarys_are(kind):
    for made in pair(**kind):
        one, two, other = made(1, c=[2]), made(a=1, b="x", c=[2]), made(2)
        assert (one == two) is kind["eq"]
        assert one != other
        assert one != (1, "x", [2])
        assert repr(one).endswith("Made(a=1, b='x', c=[2])")
        assert (made.__hash__ is None) is (kind["eq"] and not kind["frozen"])
        assert hasattr(one, "__dict__") is not kind["slots"]


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_fields_and_their_defaults_are_the_librarys(kind):
    ours, library = pair(**kind)
    told = [[(f.name, f.type, f.default, f.init) for f in fields(made)] for made in (ours, library)]
    assert told[0] == told[1]
    assert ours.__match_args__ == library.__match_args__


def test_what_is_left_out_is_the_default_and_made_anew():
    one, two = Point(1), Point(1)
    assert (one.y, one.tags, one.note) == (0, [], "")
    assert one.tags is not two.tags


def test_a_frozen_object_can_be_neither_set_nor_deleted():
    point = Point(1)
    with pytest.raises(FrozenInstanceError, match="'x'"):
        point.x = 2  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError, match="'x'"):
        del point.x
    assert point.x == 1


def test_what_does_not_compare_counts_neither_for_equality_nor_for_the_hash():
    assert Point(1, tags=["a"]) == Point(1, tags=["b"])
    assert hash(Point(1, tags=["a"])) == hash(Point(1, tags=["b"]))
    assert Point(1, note="a") != Point(1)


def test_what_is_not_to_be_shown_is_not():
    assert repr(Point(1, note="s3cret")) == "Point(x=1, y=0, tags=[])"


def test_what_is_no_argument_has_its_default_before_post_init():
    counter = Counter(3)
    assert (counter.seen, counter.total, counter.twice) == ({}, 0, 6)
    with pytest.raises(TypeError):
        Counter(3, total=1)  # type: ignore[call-arg]


@pytest.mark.parametrize("arguments", [(), (1, 2, [], "", 5)])
def test_a_wrong_number_of_arguments_is_a_type_error(arguments):
    with pytest.raises(TypeError):
        Point(*arguments)


def test_an_object_is_replaced_copied_and_pickled():
    point = Point(1, 2, ["a"], "n")
    assert replace(point, x=5) == Point(5, 2, ["a"], "n")
    assert copy.deepcopy(point) == point
    assert copy.copy(point) == point
    assert pickle.loads(pickle.dumps(point)) == point


def test_an_object_without_slots_is_copied_too():
    @dataclass(frozen=True)
    class Open:
        a: int

    assert copy.copy(Open(1)) == Open(1)


def test_methods_of_its_own_stay():
    @dataclass(frozen=True, slots=True)
    class Own:
        a: int

        def __eq__(self, other: object) -> bool:
            return True

        def __hash__(self) -> int:
            return 7

        def __repr__(self) -> str:
            return "mine"

    assert Own(1) == 5
    assert hash(Own(1)) == 7
    assert repr(Own(1)) == "mine"


def test_a_class_without_fields_has_equal_objects():
    @dataclass(frozen=True, slots=True)
    class Empty:
        """Nothing."""

    assert Empty() == Empty()
    assert len({Empty(), Empty()}) == 1


def test_nothing_is_compiled_for_the_first_objects():
    @dataclass(frozen=True, slots=True)
    class Late:
        a: int

    Late(1)
    assert Late.__init__.__qualname__.endswith("fill")
    assert [Late(number).a for number in range(9)] == list(range(9))
    assert Late.__init__.__qualname__.endswith("Late.__init__")


def test_the_first_objects_are_as_all_the_others():
    for made in pair(frozen=True, slots=True):
        shown = {repr(made(1, *more, c=[3])) for more in ([], ["x"]) for _ in range(50)}
        assert len(shown) == 1


@pytest.mark.parametrize(
    ("args", "named"),
    [((), {}), ((1, "x", [], 4), {}), ((1,), {"a": 2}), ((1,), {"d": 2}), ((), {"b": "y"})],
)
def test_every_object_is_refused_with_the_same_words(args, named):
    texts = set()
    for made in pair(frozen=True, slots=True):
        for _ in range(50):
            with pytest.raises(TypeError) as caught:
                made(*args, **named)
            texts.add(str(caught.value).replace("test_dataclass.", ""))
    assert len(texts) == 1


def test_the_library_is_loaded_only_for_who_asks_it():
    code = (
        "import sys; from flowplan.dataclass import dataclass, field, replace\n"
        "@dataclass(frozen=True, slots=True)\nclass A:\n    a: 'int' = field(default=1)\n"
        "one = replace(A(), a=2); print(one, one == A(2), hash(one) == hash(A(2)),"
        " 'dataclasses' in sys.modules, 'inspect' in sys.modules)\n"
        "import dataclasses; print([f.name for f in dataclasses.fields(A)], dataclasses.asdict(one))"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == ["A(a=2) True True False False", "['a'] {'a': 2}"]
