"""One command on one template, cut off and run again: is everything as if nothing had happened?

What is wanted is what a run that nobody disturbed leaves. It must not know how a run is cut off.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flowplan.state.backends import open_backend
from flowplan.state.model import State
from tests.faults.warm import Ended, Warm
from tests.faults.witness import Ask, View, asking, difference, ids, view
from tests.lab import KEY

__all__ = ["ENDPOINT", "Case", "Place", "prepared", "state_of", "tally"]

STATE = "template.state.json"
ENDPOINT = "sandbox:?deploy=5ms&register=5ms"


@dataclass(frozen=True, slots=True)
class Place:
    """A directory with a template, its state and its sandbox, or with a cluster elsewhere."""

    warm: Warm
    directory: Path
    params: Mapping[str, str]
    endpoint: str = ENDPOINT

    def write(self, template: Mapping[str, Any]) -> None:
        (self.directory / "template.json").write_text(json.dumps(template))

    def run(self, verb: str, *more: str, **kw: Any) -> Ended:
        """Run a verb on the template, in a process of its own."""
        words = [verb, "template.json", "--endpoint", self.endpoint, "--no-color", *more]
        if verb in ("apply", "destroy"):
            words += ["--auto-approve", "-q", "--allow-delete", "all"]
        environ = {f"FLOWPLAN_PARAM_{name}": value for name, value in self.params.items()}
        return self.warm.run(words, self.directory, environ, **kw)

    @property
    def sandbox(self) -> Path | None:
        return self.directory if self.endpoint.startswith("sandbox:") else None

    def view(self) -> View:
        with asking(self.endpoint, self.sandbox) as ask:
            return view(ask)

    def copy(self, directory: Path) -> Place:
        shutil.copytree(self.directory, directory)
        return Place(self.warm, directory, self.params, self.endpoint)


def state_of(directory: Path) -> State:
    """The state, read anew; raises where it can't be decoded."""
    found = open_backend(str(directory / STATE)).load().state
    assert found is not None
    return found


def tally(wrongs: Iterable[str]) -> str:
    """The figures of many trials, each told as `Case.wrong` does."""
    told = list(wrongs)
    orphans = sum(len(re.findall("^orphan", text, re.MULTILINE)) for text in told)
    duplicates = sum(len(re.findall("^duplicate", text, re.MULTILINE)) for text in told)
    broken = sum(bool(text) and not re.match("orphan|duplicate", text) for text in told)
    return f"{orphans} orphans, {duplicates} duplicates, {broken} broken states"


def prepared(
    warm: Warm, directory: Path, furnish: Callable[[Ask], dict[str, str]] | None = None
) -> Place:
    """A place where others have made what a template needs; `furnish` gives the params for it."""
    directory.mkdir(parents=True)
    params = {"openai_key": KEY}
    if furnish is not None:
        (directory / ".flowplan").mkdir()
        with asking(ENDPOINT, directory) as ask:
            params |= furnish(ask)
    return Place(warm, directory, params)


@dataclass(slots=True)
class Case:
    """A command to be cut off. `start` is where it begins, `template` what it is run on.

    `wanted` is what an undisturbed run leaves on the cluster, `emptied` what a destroy after it
    leaves, `total` how many boundaries the run has, `end` the place that it was made in.
    """

    name: str
    start: Place
    verb: str
    template: Mapping[str, Any]
    wanted: View = field(default_factory=dict)
    emptied: View = field(default_factory=dict)
    total: int = 0
    end: Place | None = None

    def undisturbed(self, directory: Path) -> Case:
        """Run it once with nothing going wrong, and keep what it leaves."""
        place = self.at(directory)
        ended = place.run(self.verb, limit=0)
        assert ended.code == 0, ended.text
        self.wanted, self.total, self.end = place.view(), ended.boundaries, place
        assert self.wrong(place) == ""
        after = place.copy(directory.with_name(f"{directory.name}-emptied"))
        ended = after.run("destroy")
        assert ended.code == 0, ended.text
        self.emptied = after.view()
        return self

    def wrong_when_emptied(self, place: Place) -> str:
        """What a destroy leaves that it should not; empty if nothing."""
        ended = place.run("destroy")
        if ended.code:
            return f"a destroy fails: {ended.text}"
        if state_of(place.directory).resources:
            return "a destroy leaves something in the state"
        return difference(self.emptied, place.view())

    def at(self, directory: Path) -> Place:
        """A copy of the start with the template in it."""
        place = self.start.copy(directory)
        place.write(self.template)
        return place

    def wrong(self, place: Place) -> str:
        """What is not as it should be after the command came to its end; empty if nothing."""
        left = difference(self.wanted, place.view())
        if left:
            return left
        snapshot = open_backend(str(place.directory / STATE)).load()
        state = snapshot.state
        if state is None or snapshot.journal_length:
            return f"{snapshot.journal_length} entries are still in the journal"
        unfinished = [
            name
            for name, record in state.resources.items()
            if record.deposed
            or record.pending
            or record.status != "ready"
            or record.paused
            or record.due
        ]
        if unfinished:
            return f"unfinished in the state: {unfinished}"
        with asking(place.endpoint, place.sandbox) as ask:
            there = ids(ask)
        lost = {r.node for r in state.resources.values() if r.resource_id} - {
            r.node for r in state.resources.values() if r.resource_id in there
        }
        if lost:
            return f"in the state, not on the cluster: {lost}"
        if self.verb == "apply":
            planned = place.run("plan", "--detailed-exitcode")
            if planned.code:
                return f"the next plan is not empty: {planned.text}"
        elif state.resources:
            return f"left in the state: {sorted(state.resources)}"
        return ""
