"""What is kept of a workflow beside its state: template, provisioning status, the run under way.

Two halves, as Flow Framework has two indices: the template, which DELETE removes, and the status,
which stays for as long as there are resources. It must not know where documents are kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Literal, TypeAlias

from flowplan.dataclass import dataclass
from flowplan.state.model import Provision

__all__ = ["Kind", "Order", "Workflow"]

Json: TypeAlias = Any
Kind: TypeAlias = Literal["provision", "deprovision"]
FORMAT = 1


@dataclass(frozen=True, slots=True)
class Order:
    """The run that was begun, so that a restart can go on with it.

    `sealed` has the params of a provisioning, `account` the credentials that the cluster is to be
    asked with, where they are not the server's. `id` tells one run from the next.
    """

    id: str
    sealed: str = ""
    allow_delete: tuple[str, ...] = ()
    kind: Kind = "provision"
    account: str = ""


@dataclass(frozen=True, slots=True)
class Workflow:
    """One workflow. `template` is as it was sent, without its credentials, which `sealed` has.

    `template` is None once it was deleted, `state` once the status was. `version` counts the
    writes. `user` is who provisioned it last, `owner` whose it is where users of the cluster are
    told apart. Times are milliseconds since the epoch.
    """

    id: str
    version: int = 0
    template: Mapping[str, Json] | None = None
    sealed: str = ""
    created: int | None = None
    updated: int | None = None
    provisioned: int | None = None
    state: Provision | None = "NOT_STARTED"
    error: str | None = None
    start_time: int | None = None
    end_time: int | None = None
    user: str | None = None
    owner: str | None = None
    order: Order | None = None

    @property
    def name(self) -> str:
        """The template's name, "" without a template."""
        return str((self.template or {}).get("name", ""))

    @property
    def never_run(self) -> bool:
        """Whether nothing was made of it, or all that was is deleted."""
        return self.start_time is None and self.state == "NOT_STARTED"

    def as_json(self) -> dict[str, Json]:
        """The document as it is kept."""
        return {"format": FORMAT, **asdict(self)}

    @classmethod
    def from_json(cls, value: Mapping[str, Json]) -> Workflow:
        """The workflow that `as_json` wrote. Raises `KeyError`, `TypeError`, `ValueError`."""
        fields = dict(value)
        if fields.pop("format") != FORMAT:
            raise ValueError("it has another format")
        order: Mapping[str, Json] | None = fields.pop("order", None)
        made = cls(**fields)
        if order is None:
            return made
        kept = Order(**{**order, "allow_delete": tuple(order["allow_delete"])})
        return cls(**{**fields, "order": kept})
