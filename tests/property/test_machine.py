"""Whatever happens in between, an apply that ends well makes the cluster what the template says.

A state machine over edits, drift, applies, crashes, targets, renames and destroys, on a small
pool of nodes. What has to be there is worked out from the pool alone (`tests/property/pool.py`)
and compared in names with everything on the cluster (`tests/property/world.py`).
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from flowplan.errors import PlanError
from flowplan.planner.build import build
from flowplan.planner.events import Summary
from flowplan.planner.execute import execute
from flowplan.planner.moves import naming
from flowplan.planner.plan import Plan
from flowplan.planner.reconcile import recover, settle
from flowplan.planner.select import Selection
from flowplan.state.backends import open_backend
from flowplan.state.edit import move
from tests.cutting import Cut, cut_at
from tests.lab import Lab
from tests.property import hands
from tests.property.pool import POOL, Pool, World
from tests.property.world import look

SLOTS = st.sampled_from(list(POOL))
CHOICE = st.integers(0, 50)


class Machine(RuleBasedStateMachine):
    """One workflow and one sandbox through an example's steps."""

    def __init__(self) -> None:
        super().__init__()
        self.directory = Path(tempfile.mkdtemp())
        self.lab = Lab(self.directory)
        self.lab.params = {}
        self.lab.options = "deploy=0ms"
        self.pool = Pool()
        self.interrupted = False
        self.renamed = 0

    # ---- edits --------------------------------------------------------------------------

    @initialize(slots=st.lists(SLOTS, min_size=1, max_size=5))
    def begin(self, slots: list[str]) -> None:
        for slot in slots:
            self.pool.add(slot)
        self.apply()

    @rule(slot=SLOTS)
    def add(self, slot: str) -> None:
        self.pool.add(slot)

    @rule(which=CHOICE)
    def drop(self, which: int) -> None:
        self.pool.drop(self._one(which))
        if not self.pool.on:
            # A workflow has one node at least.
            self.pool.add("group")

    @rule(which=CHOICE, setting=CHOICE, value=CHOICE)
    def turn(self, which: int, setting: int, value: int) -> None:
        slot = self._one(which)
        if POOL[slot].settings:
            self.pool.turn(slot, setting, value)

    # ---- what others do -----------------------------------------------------------------

    # What was cut off is found by its name and content: changed by hand meanwhile, it is
    # somebody else's, as documented.
    @precondition(lambda self: self._known() and not self.interrupted)
    @rule(which=CHOICE, delete=st.booleans())
    def drift(self, which: int, delete: bool) -> None:
        known = self._known()
        kind, resource_id = known[which % len(known)]
        (hands.delete if delete else hands.change)(self.lab, kind, resource_id)

    # ---- commands -----------------------------------------------------------------------

    @rule()
    def apply(self) -> None:
        summary = self._run()
        assert (summary.failed, summary.skipped, summary.left) == (0, 0, ()), self._told()
        self._check_all()
        # Done: an entry that stays does no harm, and one that is taken out none either.
        self.pool.moved.clear()

    @rule(at=st.integers(0, 30), after=st.booleans(), destroying=st.booleans())
    def crash(self, at: int, after: bool, destroying: bool) -> None:
        with cut_at(at, after=after):
            try:
                self._run("destroy" if destroying else "apply", parallelism=1)
            except Cut:
                self.interrupted = True

    @precondition(lambda self: not self.pool.moved)
    @rule(which=CHOICE, exclude=st.booleans())
    def select(self, which: int, exclude: bool) -> None:
        names = (self.pool.names[self._one(which)],)
        if not {name for name in self.pool.node_ids() if name.partition("[")[0] in names}:
            # FP260: a `for_each` without keys makes nothing that could be named.
            return
        left = set(self.pool.on) - self.pool.with_users(self._one(which))
        if exclude and not self.pool.node_ids(left):
            # FP261: nothing would be left.
            return
        self._partly(Selection(exclude=names) if exclude else Selection(target=names))

    @rule(which=CHOICE)
    def make_anew(self, which: int) -> None:
        slot = self._one(which)
        # ML Commons deletes no group with models in it, and makes no two of one name.
        used = slot == "group" and any(slot in self.pool.needs(name) for name in self.pool.on)
        if self.pool.on[slot].get("kept"):
            self.pool.on[slot]["kept"] = False
        if POOL[slot].type != "create_tool" and not used and slot != "each":
            summary = self._run(selection=Selection(replace=(self.pool.names[slot],)))
            assert (summary.failed, summary.skipped, summary.left) == (0, 0, ()), self._told()
            self._check_all()

    @precondition(lambda self: self._known())
    @rule()
    def refresh(self) -> None:
        self._ids_after_recovery()
        for told in self._plan(mode="refresh-only").diagnostics:
            # What was made beside a resource that is gone: the hint says to delete it by hand.
            if told.code == "FP268":
                hands.delete(self.lab, "register_model_group", told.summary.split()[3])
        self._run("refresh-only")
        assert not self._plan(mode="refresh-only").drift

    @rule()
    def destroy(self) -> None:
        assert self._run("destroy").left == (), self._told()
        self._check_nothing_left()

    @rule(which=CHOICE)
    def protect(self, which: int) -> None:
        """While a node is protected, nothing at all goes, neither with it nor without it."""
        slot = self._one(which)
        if POOL[slot].type == "create_tool" or (slot == "each" and not self.pool.on[slot]["keys"]):
            # Nothing of it is on the cluster.
            return
        self.pool.protected.add(slot)
        before = look(self.lab).ids
        codes = self._refused()
        if codes:
            # What the template wants would make it anew: that is refused as well.
            assert "FP241" in codes
            self.pool.protected.clear()
            assert look(self.lab).ids == before
            return
        before = look(self.lab).ids
        with pytest.raises(PlanError) as refused:
            self._run("destroy")
        assert {item.code for item in refused.value.diagnostics} == {"FP240"}
        self.pool.protected.clear()
        assert look(self.lab).ids == before
        assert self._run().failed == 0, self._told()

    # A state is edited at rest only.
    @precondition(lambda self: not self.interrupted and not self.pool.moved and self._known())
    @rule(which=CHOICE)
    def rename_node(self, which: int) -> None:
        backend = open_backend(self.lab.location)
        old = list(self.lab.state.resources)[which % len(self.lab.state.resources)]
        slot = next((slot for slot, name in self.pool.names.items() if name == old), None)
        if slot is None:
            return
        self.renamed += 1
        new = f"{slot}_{self.renamed}"
        state = move(self.lab.state, old, new, naming(self.lab.registry), backend.location)
        backend.save(replace(state, serial=state.serial + 1))
        self.pool.names[slot] = new

    @rule(which=CHOICE)
    def say_moved(self, which: int) -> None:
        self.renamed += 1
        slot = self._one(which)
        if slot != "each":
            self.pool.move(slot, f"{slot}_{self.renamed}")

    @precondition(lambda self: self._known() and not self.interrupted)
    @rule()
    def rename_workflow(self) -> None:
        self.renamed += 1
        self.pool.workflow = f"machine-{self.renamed}"
        backend, state = open_backend(self.lab.location), self.lab.state
        backend.save(replace(state, workflow=self.pool.workflow, serial=state.serial + 1))

    def teardown(self) -> None:
        try:
            # Nothing more after a failure: it would be told instead.
            if sys.exc_info()[0] is None:
                self.apply()
                self.destroy()
        finally:
            shutil.rmtree(self.directory)

    # ---- how ----------------------------------------------------------------------------

    def _one(self, which: int) -> str:
        return list(self.pool.on)[which % len(self.pool.on)]

    def _known(self) -> list[tuple[str, str]]:
        """Type and id of what is recorded."""
        state = open_backend(self.lab.location).load().state
        records = state.resources.values() if state else ()
        return [(item.type, item.resource_id) for item in records if item.resource_id]

    def _refused(self) -> set[str]:
        """Apply; the codes by which that is refused, none if all goes well."""
        try:
            summary = self._run()
        except PlanError as error:
            return {item.code for item in error.diagnostics}
        assert summary.failed == 0, self._told()
        return set()

    def _plan(self, **options: Any) -> Plan:
        mode = options.get("mode", "apply")
        try:
            return build(self._workspace(mode), **options)
        except PlanError as error:
            self._let_go(error)
            return build(self._workspace(mode), **options)

    def _let_go(self, error: PlanError) -> None:
        """Take `keep_id` out, as the message says, where it forbids what the template wants."""
        if {item.code for item in error.diagnostics} != {"FP242"}:
            raise error
        self.pool.on["con"]["kept"] = False

    def _workspace(self, mode: str) -> Any:
        self.lab.template = self.pool.template()
        return self.lab.workspace(template=mode != "destroy")

    def _run(
        self, mode: Any = "apply", parallelism: int = 1, selection: Selection | None = None
    ) -> Summary:
        """A command, as the command line puts it together."""
        workspace = self._workspace(mode)
        self.lab.events = []
        with workspace.backend.lock(mode):
            recover(workspace)
            self.interrupted = False
            try:
                plan = build(workspace, mode=mode, selection=selection)
            except PlanError as error:
                self._let_go(error)
                workspace = self._workspace(mode)
                plan = build(workspace, mode=mode, selection=selection)
            summary = execute(
                workspace, plan, listener=self.lab.events.append, parallelism=parallelism
            )
        stay = [item for item in plan.changes if item.action in ("no-op", "update", "move")]
        ids = self.lab.ids() if stay else {}
        assert {item.node: ids[item.node] for item in stay} == {
            item.node: item.resource_id for item in stay
        }
        return summary

    def _partly(self, selection: Selection) -> None:
        """What the selection does not mean stays; what it means needs no further plan."""
        before = self._ids_after_recovery()
        meant = {change.node for change in self._plan(selection=selection).changes}
        summary = self._run(selection=selection)
        assert (summary.failed, summary.skipped) == (0, 0), self._told()
        plan = self._plan(selection=selection)
        assert plan.empty, plan.pending
        after = self.lab.ids()
        assert {name: after.get(name) for name in before if name not in meant} == {
            name: before[name] for name in before if name not in meant
        }

    def _ids_after_recovery(self) -> dict[str, str | None]:
        workspace = self._workspace("apply")
        with workspace.backend.lock("apply"):
            recover(workspace)
        self.interrupted = False
        state = workspace.backend.load().state
        records = state.resources if state else {}
        return {name: record.resource_id for name, record in records.items()}

    def _told(self) -> list[Any]:
        return [event.diagnostic for event in self.lab.events if event.diagnostic]

    # ---- invariants ---------------------------------------------------------------------

    def _check_all(self) -> None:
        plan = self._plan()
        assert plan.empty, plan.pending
        assert not plan.drift, plan.drift
        snapshot = open_backend(self.lab.location).load()
        assert (snapshot.journal_length, snapshot.open) == (0, ())
        assert snapshot.state is not None
        records = snapshot.state.resources
        assert set(records) == self.pool.node_ids()
        assert {record.status for record in records.values()} <= {"ready"}
        assert not [
            record for record in records.values()
            if record.deposed or record.pending or record.paused or record.due
        ]  # fmt: skip
        found = look(self.lab)
        ids = {record.resource_id for record in records.values()} - {None}
        owned = {item.resource_id for record in records.values() for item in record.owned}
        assert ids | owned == found.ids
        there = found.world(owned)
        assert there == self.pool.wanted(there)

    def _check_nothing_left(self) -> None:
        found = look(self.lab)
        assert found.world(set()) == _NOTHING
        state = open_backend(self.lab.location).load().state
        assert state is None or not state.resources


_NOTHING: World = Pool().world()


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Absence is believed at once: nothing is under way in this process when a run has ended."""
    monkeypatch.setattr(settle, "SETTLED", 0.0)
    monkeypatch.setattr(settle, "APART", 0.0)


def explore(number: int, examples: int, steps: int = 8) -> None:
    """Run so many histories by that seed, which a failure is told with."""
    machine = seed(number)(type("Machine", (Machine,), {}))
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
            phases=(Phase.generate, Phase.shrink),
        ),
    )


def test_twenty_five_histories_end_as_the_template_says() -> None:
    explore(0, 25)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("number", range(1, 9))
def test_two_hundred_and_fifty_histories_end_as_the_template_says(
    number: int, capsys: pytest.CaptureFixture[str]
) -> None:
    with capsys.disabled():
        print(f"\nhistories of the state machine by the seed {number}: 250")
    explore(number, 250)
