"""Running the checks of a template: asking the cluster, and comparing what it answers.

They run after an apply that changed something, and when `flowplan check` is called, never else:
a prediction costs money. Nothing of the workflow is changed, so that no lock is needed. It must
not know HTTP or rendering; what checks look like is `planner.template.checks`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Literal

from flowplan.dataclass import dataclass, field, replace
from flowplan.errors import Diagnostic, FlowplanError, ProviderError
from flowplan.planner.expected import miss
from flowplan.planner.expressions import (
    ExpressionError,
    NameScope,
    evaluate,
    references,
    target,
)
from flowplan.planner.template import Check, Template
from flowplan.planner.template.checks import GIVEN_BY
from flowplan.planner.template.paths import path_text
from flowplan.planner.values import Json, Path, Sensitive, Value, is_sealed, leaves, reveal
from flowplan.planner.workspace import Connection, Workspace
from flowplan.protocol import Cluster
from flowplan.state.model import ResourceRecord

__all__ = ["Verdict", "verify"]

FIRST_PAUSE, LONGEST_PAUSE = 0.2, 2.0
# What is left of the time for the last try, in seconds.
LAST_TRY = 0.1
# What is quoted of an answer, once secrets are out of it.
_SHOWN = 400


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of a check. `subject` is the id or name that was asked, "" before it is known.

    `tries` counts the questions that were asked, `elapsed_ms` all of them together.
    """

    name: str
    kind: str
    result: Literal["passed", "failed", "skipped"]
    subject: str = ""
    tries: int = 0
    elapsed_ms: int = 0
    diagnostic: Diagnostic | None = None


def verify(
    workspace: Workspace,
    template: Template,
    records: Mapping[str, ResourceRecord],
    *,
    checks: Sequence[Check],
    tell: Callable[[Verdict], None] = lambda _: None,
    partial: bool = False,
) -> tuple[Verdict, ...]:
    """The verdicts on `checks`, one after the other in their order, each told at once.

    `records` are what was made. After a `partial` apply, checks of what is not there yet are
    skipped instead of failed. What goes wrong is in the verdicts: FP660 to FP663.
    """
    if workspace.connection is None:
        raise ValueError("checking needs a cluster")
    params = dict(workspace.params.values) if workspace.params else {}
    outputs = {name: dict(record.outputs) for name, record in records.items()}
    asker = _Asker(workspace, workspace.connection, template, NameScope(params, outputs), partial)
    asker.hide(params)
    verdicts = []
    for check in checks:
        verdicts.append(asker.judge(check))
        tell(verdicts[-1])
    return tuple(verdicts)


class _Failed(Exception):
    """Why a check does not hold. `path` is the place below the check that is to blame."""

    def __init__(
        self, code: str, summary: str, detail: str = "", hint: str = "", path: Path = ()
    ) -> None:
        super().__init__(summary)
        self.code = code
        self.summary = summary
        self.detail = detail
        self.hint = hint
        self.path = path


@dataclass(slots=True)
class _Asker:
    workspace: Workspace
    connection: Connection
    template: Template
    scope: NameScope
    partial: bool
    tries: int = field(default=0, init=False)

    def hide(self, value: Value) -> None:
        """Keep the secrets in it out of every message: the cluster may quote what it got."""
        self.connection.hide(
            str(leaf.value) for _, leaf in leaves(value) if isinstance(leaf, Sensitive)
        )

    def judge(self, check: Check) -> Verdict:
        """Ask and compare; what goes wrong is in the verdict."""
        begun, self.tries = time.monotonic(), 0
        verdict = Verdict(check.name, check.kind, "passed")
        try:
            absent = list(self._absent(check))
            if absent:
                verdict = replace(verdict, result="skipped" if self.partial else "failed")
                raise _not_there(absent)
            subject = self._subject(check.subject, check.kind)
            verdict = replace(verdict, subject=subject)
            self._ask(check, subject)
        except _Failed as failure:
            result = verdict.result if verdict.result == "skipped" else "failed"
            verdict = replace(verdict, result=result, diagnostic=self._diagnostic(check, failure))
        elapsed = round((time.monotonic() - begun) * 1000)
        return replace(verdict, tries=self.tries, elapsed_ms=elapsed)

    def _absent(self, check: Check) -> Iterator[str]:
        """The nodes that a check needs and that are not there, each once."""
        nodes = {node.id for node in self.template.nodes} - set(self.scope.outputs)
        named = [check.subject, check.pipeline]
        found = [name for name in named if name in nodes]
        for value in (*named, check.body, *(item.value for item in check.expects)):
            hits = (target(reference.name, nodes) for reference in references(value))
            found += [hit[0] for hit in hits if hit is not None]
        yield from dict.fromkeys(found)

    def _subject(self, text: str, key: str) -> str:
        """What is asked: the output of a node, or the text itself. Raises `_Failed`."""
        given = self.scope.outputs.get(text, {})
        value = given[GIVEN_BY[key]] if GIVEN_BY[key] in given else self._value(text, (key,))
        if isinstance(value, str) and value.strip():
            return value
        raise _Failed(
            "FP663",
            f"`{key}` names nothing that can be asked",
            "It comes to no text, or to one that is a secret.",
            f"name a node that gives {GIVEN_BY[key]}",
            (key,),
        )

    def _value(self, value: Json, path: Path) -> Value:
        """A value of the check with its expressions replaced. Raises `_Failed`."""
        try:
            found = evaluate(value, self.scope)
        except ExpressionError as error:
            raise _Failed(
                error.code, error.message, hint=error.hint, path=(*path, *error.path)
            ) from None
        if any(is_sealed(leaf) for _, leaf in leaves(found)):
            raise _Failed(
                "FP663",
                f"`{path[0]}` uses a secret output, which no state keeps",
                "Only a digest of it is recorded.",
                "use the param that it came from",
                path,
            )
        self.hide(found)
        return found

    def _ask(self, check: Check, subject: str) -> None:
        """Ask until the answer is as expected or no try is left. Raises `_Failed`."""
        body = reveal(self._value(check.body, ("body",)))
        pipeline = self._subject(check.pipeline, "pipeline") if check.pipeline else ""
        below = len(check.path)
        wanted = [
            self._value(item.value, (*item.path[below:], item.test)) for item in check.expects
        ]
        # A slow model may think for as long as the check allows, in one request.
        cluster = self.connection.operation(timeout=check.timeout, patience=check.timeout)
        failure: _Failed | None = None
        while True:
            self.tries += 1
            try:
                answer = self.workspace.steps.ask(cluster, check.kind, subject, body, pipeline)
                self._compare(check, wanted, answer)
            except FlowplanError as error:
                # An answer that was wrong says more than a last try that was cut off.
                failure = failure or _no_answer(error)
                again = check.kind != "search"
            except _Failed as missed:
                failure, again = missed, True
            else:
                return
            if not again or not self._again(check, cluster):
                raise failure

    def _again(self, check: Check, cluster: Cluster) -> bool:
        """Wait before the next try; False when there is none.

        What was written a moment ago is not searchable at once, so a search is asked until its
        time is up. Any other question is paid for, and asked as often as the check says.
        """
        if check.kind != "search" and self.tries > check.retries:
            return False
        left = cluster.deadline - time.monotonic() - LAST_TRY
        if left <= 0:
            return False
        pause = min(FIRST_PAUSE * 2 ** min(self.tries - 1, 10), LONGEST_PAUSE)
        cluster.wait(min(pause, left))
        return True

    def _compare(self, check: Check, wanted: Sequence[Value], answer: Json) -> None:
        """Raises `_Failed` FP660 with all that is not as expected."""
        misses = []
        where: Path = ()
        for expectation, value in zip(check.expects, wanted, strict=True):
            plain = reveal(value)
            said = miss(expectation.place, expectation.test, plain, answer)
            if said and plain != value:
                place = path_text(expectation.place)
                said = f"{place} is not as expected: what it is compared with is a secret"
            if said:
                where = where or expectation.path[len(check.path) :]
                misses.append(self.connection.redact(said)[:_SHOWN])
        if misses:
            raise _Failed(
                "FP660", "the answer is not as expected", "\n".join(misses), path=where,
            )  # fmt: skip

    def _diagnostic(self, check: Check, failure: _Failed) -> Diagnostic:
        """The failure at its place in the template."""
        document = self.template.document
        place = document.position((*check.path, *failure.path) if failure.path else check.path)
        return Diagnostic(
            "error", failure.code, f'check "{check.name}": {failure.summary}',
            self.connection.redact(failure.detail), file=document.name, line=place.line,
            column=place.column, hint=failure.hint,
        )  # fmt: skip


def _not_there(nodes: Sequence[str]) -> _Failed:
    several = len(nodes) > 1
    return _Failed(
        "FP662",
        f"{', '.join(nodes)} {'are' if several else 'is'} not there yet",
        "It asks what these nodes make." if several else "It asks what this node makes.",
        "make it first: flowplan apply",
    )


def _no_answer(error: FlowplanError) -> _Failed:
    told = error.diagnostics[0]
    if isinstance(error, ProviderError) and told.code == "FP330":
        return _Failed("FP661", "no answer in time", told.detail, "give it more time: `timeout`")
    return _Failed("FP661", "there is no answer", f"{told.summary}\n{told.detail}".strip())
