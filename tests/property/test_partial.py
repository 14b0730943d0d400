"""Parts of any template, and what others changed: in the end all is as one whole apply makes it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from flowplan.errors import PlanError
from flowplan.planner.select import Selection
from tests.lab import Lab
from tests.property import hands
from tests.property.pool import POOL, Pool
from tests.property.world import look

CHOICES = st.lists(st.integers(0, 50), min_size=1, max_size=4)
EXAMPLES = settings(max_examples=25, deadline=None, derandomize=True)


@st.composite
def pools(draw: Any) -> Pool:
    """Nodes of all types that refer to each other, each with some of its settings turned."""
    pool = Pool()
    for slot in draw(st.lists(st.sampled_from(list(POOL)), min_size=1, max_size=6)):
        pool.add(slot)
    for slot in list(pool.on):
        if POOL[slot].settings and draw(st.booleans()):
            pool.turn(slot, draw(st.integers(0, 5)), draw(st.integers(0, 5)))
    if "each" in pool.on:
        # What makes no node can't be named.
        pool.on["each"]["keys"] = pool.on["each"]["keys"] or ("a",)
    return pool


@contextmanager
def lab_of(pool: Pool) -> Iterator[Lab]:
    directory = Path(tempfile.mkdtemp())
    lab = Lab(directory, pool.template())
    lab.params = {}
    lab.options = "deploy=0ms"
    try:
        yield lab
    finally:
        shutil.rmtree(directory)


def is_whole(lab: Lab, pool: Pool) -> None:
    """All is there as the template says, and nothing more is to be done."""
    plan = lab.plan()
    assert (plan.empty, plan.drift) == (True, ()), plan.pending
    records = lab.state.resources.values()
    owned = {item.resource_id for record in records for item in record.owned}
    there = look(lab).world(owned)
    assert there == pool.wanted(there)
    assert lab.state.status.state == "COMPLETED"


def some(names: Sequence[str], choices: Sequence[int]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names[choice % len(names)] for choice in choices))


@EXAMPLES
@given(pool=pools())
def test_after_an_apply_of_any_template_the_plan_is_empty(pool: Pool) -> None:
    with lab_of(pool) as lab:
        assert lab.apply().failed == 0
        is_whole(lab, pool)


@EXAMPLES
@given(pool=pools(), choices=CHOICES, exclude=st.booleans())
def test_a_partial_apply_and_then_a_whole_one_make_what_one_whole_apply_makes(
    pool: Pool, choices: list[int], exclude: bool
) -> None:
    names = some(list(pool.on), choices)
    with lab_of(pool) as lab:
        try:
            part = Selection(exclude=names) if exclude else Selection(target=names)
            assert lab.apply(selection=part).failed == 0
        except PlanError:
            # Everything needs what was left out.
            assert exclude
        else:
            assert lab.plan(selection=part).empty
        assert lab.apply().failed == 0
        is_whole(lab, pool)


@EXAMPLES
@given(pool=pools(), choices=CHOICES)
def test_a_destroy_in_two_parts_leaves_nothing(pool: Pool, choices: list[int]) -> None:
    with lab_of(pool) as lab:
        lab.apply()
        first = lab.destroy(selection=Selection(target=some(list(pool.on), choices)))
        assert (first.failed, first.left) == (0, ())
        assert lab.destroy().left == ()
        assert look(lab).world(set()) == Pool().world()


@EXAMPLES
@given(pool=pools(), choices=CHOICES)
def test_drift_that_was_accepted_is_changed_back_by_the_next_apply(
    pool: Pool, choices: list[int]
) -> None:
    with lab_of(pool) as lab:
        lab.apply()
        known = [item for item in lab.state.resources.values() if item.resource_id]
        for choice in choices:
            if known:
                record = known[choice % len(known)]
                hands.change(lab, record.type, str(record.resource_id))
        drift = lab.plan(mode="refresh-only").drift
        assert lab.accept().accepted == len(drift)
        plan = lab.plan()
        assert (lab.plan(mode="refresh-only").drift, plan.drift) == ((), ())
        set_by_template = {
            item.node for item in drift if any(not field.left_alone for field in item.fields)
        }
        assert {change.node for change in plan.pending} == set_by_template
        lab.apply()
        is_whole(lab, pool)
