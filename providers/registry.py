"""The step types by name: built-ins imported on use, third parties' found when needed.

A new family of steps is one file and one line here. It must not know what a step does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module
from typing import cast

from flowplan.errors import Diagnostic, ProviderError, nearest
from flowplan.protocol import Cluster, Json, ServerInfo, StepSchema, StepType

__all__ = ["Registry"]

GROUP = "flowplan.providers"

_FAMILIES: Mapping[str, tuple[str, ...]] = {
    "flowplan.providers.agent": ("register_agent",),
    "flowplan.providers.connector": ("create_connector",),
    "flowplan.providers.deploy": ("deploy_model",),
    "flowplan.providers.local_models": (
        "register_local_custom_model",
        "register_local_pretrained_model",
        "register_local_sparse_encoding_model",
    ),
    "flowplan.providers.ml_acts": (
        "delete_agent",
        "delete_connector",
        "delete_model",
        "undeploy_model",
    ),
    "flowplan.providers.index": ("create_index",),
    "flowplan.providers.index_acts": (
        "update_index",
        "update_ingest_pipeline",
        "update_search_pipeline",
    ),
    "flowplan.providers.model": ("register_remote_model",),
    "flowplan.providers.model_group": ("register_model_group",),
    "flowplan.providers.noop": ("noop",),
    "flowplan.providers.pipeline": ("create_ingest_pipeline", "create_search_pipeline"),
    "flowplan.providers.reindex": ("reindex",),
    "flowplan.providers.tool": ("create_tool",),
}
_FLOW_FRAMEWORK = frozenset(
    {
        "create_connector", "create_index", "create_ingest_pipeline", "create_search_pipeline",
        "create_tool", "delete_agent", "delete_connector", "delete_index",
        "delete_ingest_pipeline", "delete_model", "delete_search_pipeline", "deploy_model",
        "noop", "register_agent", "register_local_custom_model",
        "register_local_pretrained_model", "register_local_sparse_encoding_model",
        "register_model_group", "register_remote_model", "reindex", "undeploy_model",
        "update_index", "update_ingest_pipeline", "update_search_pipeline",
    }
)  # fmt: skip


class Registry:
    """The known step types; safe to share by threads. `extra` are given by hand, for tests."""

    def __init__(self, extra: Iterable[StepType] = ()) -> None:
        self._modules = {name: module for module, names in _FAMILIES.items() for name in names}
        self._loaded: dict[str, StepType] = {step.name: step for step in extra}
        self._scanned = False

    def step(self, name: str) -> StepType:
        """The step type of that name.

        Raises `ProviderError`: FP300 for an unknown one, with the nearest name; FP301 for one
        that only Flow Framework knows; FP302 when a third party's can't be loaded.
        """
        found = self._loaded.get(name) or self._load(name)
        if found is None:
            raise self.unknown(name)
        return found

    def schema(self, name: str) -> StepSchema | None:
        """The schema of that step type, None for an unknown one. Raises FP302."""
        try:
            return self.step(name).schema
        except ProviderError as error:
            if error.diagnostics[0].code == "FP302":
                raise
            return None

    def kind(self, name: str) -> str:
        """The kind of what that step type makes or changes, "" for an unknown one. Raises FP302."""
        return "" if self.schema(name) is None else self.step(name).kind

    def names(self) -> Sequence[str]:
        """All names known so far: third parties' only once an unknown type was asked for."""
        return tuple(sorted({*self._modules, *self._loaded}))

    def unsupported(self, name: str) -> bool:
        """Whether Flow Framework has this step type and flowplan does not, in this version."""
        return name in _FLOW_FRAMEWORK and name not in self._modules and name not in self._loaded

    def describe(self, cluster: Cluster) -> ServerInfo:
        """Which cluster this is and what it can do."""
        from flowplan.providers.server import describe

        return describe(cluster)

    def ask(
        self,
        cluster: Cluster,
        kind: str,
        subject: str,
        body: Mapping[str, Json],
        pipeline: str = "",
    ) -> Json:
        """The answer to a question of a check."""
        from flowplan.providers.asking import ask

        return ask(cluster, kind, subject, body, pipeline)

    def unknown(self, name: str) -> ProviderError:
        """The error for a step type that is not here."""
        if self.unsupported(name):
            summary = f'this version of flowplan can\'t manage "{name}" steps'
            detail = "It is a step type of Flow Framework."
            hint = f"Install a provider for it (entry point group {GROUP}), or leave the node out."
            return ProviderError(Diagnostic("error", "FP301", summary, detail, hint=hint))
        near = nearest(name, self.names())
        hint = f'Did you mean "{near}"?' if near else "See what there is: flowplan steps"
        return ProviderError(Diagnostic("error", "FP300", f'no step type "{name}"', hint=hint))

    def _load(self, name: str) -> StepType | None:
        module = self._modules.get(name)
        if module is not None:
            # Two threads that both get here note the same objects, so no lock is needed.
            for step in import_module(module).STEPS:
                self._loaded[step.name] = step
        elif not self._scanned:
            self._scan()
        return self._loaded.get(name)

    def _scan(self) -> None:
        from importlib.metadata import entry_points

        for entry in entry_points(group=GROUP):
            if entry.name in self._modules or entry.name in self._loaded:
                continue
            try:
                found = entry.load()
                step = found() if isinstance(found, type) else found
                fits = step.name == entry.name and isinstance(step.schema, StepSchema)
            except Exception as error:  # noqa: BLE001 - a stranger's code may fail in any way
                raise _broken(entry.name, entry.value, f"{type(error).__name__}: {error}") from None
            if not fits:
                raise _broken(entry.name, entry.value, "It is no step type of that name.")
            self._loaded.setdefault(entry.name, cast("StepType", step))
        self._scanned = True


def _broken(name: str, value: str, why: str) -> ProviderError:
    return ProviderError(
        Diagnostic(
            "error",
            "FP302",
            f'the provider of "{name}" can\'t be loaded',
            f"{value}: {why}",
            hint="Update or uninstall the package that it comes from.",
        )
    )
