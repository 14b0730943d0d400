"""From a document to a template, or to all that is wrong with it.

It must not know files, state or a cluster: step types come from a catalogue.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flowplan.errors import Diagnostic
from flowplan.planner.source import Document
from flowplan.planner.template.catalogue import StepCatalogue
from flowplan.planner.template.checks import check_checks
from flowplan.planner.template.declarations import Declarations, read_declarations
from flowplan.planner.template.grammar import PROVISION, Heading, read_heading, read_workflow_names
from flowplan.planner.template.imports import check_imports
from flowplan.planner.template.inputs import InputCheck
from flowplan.planner.template.lifecycle_check import check_lifecycle
from flowplan.planner.template.meeting import MeetingCheck
from flowplan.planner.template.model import ParamSpec, Template
from flowplan.planner.template.moved import check_moved
from flowplan.planner.template.names import Names
from flowplan.planner.template.order import check_cycles, check_order
from flowplan.planner.template.outline import outline
from flowplan.planner.template.presence_check import check_presence
from flowplan.planner.template.report import Report
from flowplan.planner.template.secrets import secret_params, secret_paths
from flowplan.planner.template.wiring import Wiring
from flowplan.planner.template.workflow import Workflow, read_workflow

__all__ = ["parse"]


def parse(
    document: Document, steps: StepCatalogue, *, strict: bool = False, partial: bool = False
) -> tuple[Template | None, tuple[Diagnostic, ...]]:
    """Read and check a template: flow-framework.md §1 and §2, DESIGN §3.

    Gives the template, None when there is any error, and all errors and warnings (FP102 to
    FP129, FP150 to FP153, FP170 to FP184, FP148 to FP169) in the order of their places.
    `strict` makes errors of inputs and outputs that a step type does not declare. Params are
    checked by `check_params`; so that their mistakes can be told with the others, `partial`
    gives the template as far as it could be read, errors or not.
    """
    report = Report(document)
    heading = read_heading(document.value, report)
    if heading is None:
        return None, report.diagnostics()
    declared = read_declarations(heading.extra, report)
    workflows = [
        read_workflow(name, heading.workflows[name], report)
        for name in read_workflow_names(heading, report)
    ]
    implicit: Mapping[str, ParamSpec] = {}
    for workflow in workflows:
        found = _check(workflow, steps, declared, report, strict=strict)
        if workflow.name == PROVISION:
            implicit = found
    if not report.empty:
        types = {draft.node.type for workflow in workflows for draft in workflow.drafts}
        report.secrets.extend(secret_paths(workflows, {name: steps.schema(name) for name in types}))
        report.secrets.extend(secret_params(declared.params))
    template = None
    if partial or not report.failed:
        template = _template(document, heading, declared, workflows, implicit)
    return template, report.diagnostics()


def _check(
    workflow: Workflow,
    steps: StepCatalogue,
    declared: Declarations,
    report: Report,
    *,
    strict: bool,
) -> Mapping[str, ParamSpec]:
    """Check what the nodes of a workflow have to do with each other; gives implicit params."""
    written = [draft.node for draft in workflow.drafts]
    workflow, declared = outline(workflow, declared)
    dependencies = check_order(workflow, report)
    nodes = [draft.node for draft in workflow.drafts]
    wiring = Wiring.of(nodes, workflow.edges, steps, workflow.user_params)
    inputs = InputCheck(steps, wiring, report, strict)
    meeting = MeetingCheck(wiring, report)
    names = Names(wiring, declared.params, declared.closed, dependencies, report)
    inputs.check_shared(workflow.user_params, (*workflow.path, "user_params"))
    names.check(workflow.user_params, (*workflow.path, "user_params"), shared=True)
    for draft in workflow.drafts:
        node = draft.node
        inputs.check(draft)
        meeting.check(node)
        names.check(node.user_inputs, (*node.path, "user_inputs"), node.id)
    check_presence(written, nodes, names)
    if workflow.name == PROVISION:
        names.check(declared.outputs, ("flowplan", "outputs"))
        check_imports(declared.imports, names, report)
        check_moved(declared.moved, written, report)
        check_checks(declared.checks, names, report)
    check_lifecycle(nodes, steps, dependencies, report)
    check_cycles(dependencies, report)
    return names.implicit


def _template(
    document: Document,
    heading: Heading,
    declared: Declarations,
    workflows: Sequence[Workflow],
    implicit: Mapping[str, ParamSpec],
) -> Template:
    provision = next(
        (workflow for workflow in workflows if workflow.name == PROVISION),
        Workflow(PROVISION, ("workflows", PROVISION)),
    )
    return Template(
        name=heading.name,
        document=document,
        description=heading.description,
        use_case=heading.use_case,
        compatibility=heading.compatibility,
        template_version=heading.template_version,
        nodes=tuple(draft.node for draft in provision.drafts),
        edges=provision.edges,
        user_params=provision.user_params,
        params=declared.params,
        implicit=implicit,
        outputs=declared.outputs,
        imports=declared.imports,
        moved=declared.moved,
        checks=declared.checks,
    )
