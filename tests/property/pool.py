"""A small pool of nodes that edits go through: what the template says, and what then has to be there.

`World` is written in names, not ids, so that it is equal however often something was made anew.
It must not know flowplan's plans or states.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["POOL", "Pool", "Slot", "World"]

Json = Any
Settings = dict[str, Any]
World = dict[str, Json]

ACTION = {
    "action_type": "predict",
    "method": "POST",
    "url": "https://api.example.org/v1/chat",
    "request_body": '{ "model": "${parameters.model}" }',
}


@dataclass(frozen=True, slots=True)
class Slot:
    """A node that may be there: what each of its settings can be, the first one at first."""

    type: str
    settings: Mapping[str, tuple[Any, ...]]


TEXTS = ("one", "two", "three")
POOL: Mapping[str, Slot] = {
    "group": Slot("register_model_group", {"text": TEXTS, "ignored": (False, True)}),
    "each": Slot(
        "register_model_group",
        {"keys": (("a",), ("a", "b"), ("b", "c d"), ()), "text": TEXTS},
    ),
    "con": Slot(
        "create_connector",
        {
            "model": ("gpt-3.5", "gpt-4"),
            "extra": (None, 1, 2),
            "text": TEXTS,
            "key": ("k", "l"),
            "kept": (False, True),
        },
    ),
    "con2": Slot("create_connector", {"model": ("gpt-3.5", "gpt-4"), "extra": (None, 1)}),
    "mod": Slot(
        "register_remote_model",
        {
            "connector": ("con", "con2"),
            "group": (False, True),
            "deploy": (False, True),
            "text": TEXTS,
            "title": ("mod", "another"),
        },
    ),
    "mod2": Slot("register_remote_model", {"connector": ("con", "con2"), "deploy": (True, False)}),
    "dep": Slot("deploy_model", {}),
    "tool": Slot("create_tool", {"prompt": TEXTS, "model": ("mod", "mod2")}),
    "agent": Slot("register_agent", {"text": TEXTS, "tool": (True, False), "llm": (False, True)}),
    "ingest": Slot("create_ingest_pipeline", {"text": TEXTS, "model": ("mod", "mod2")}),
    "search": Slot("create_search_pipeline", {"text": TEXTS}),
    "index": Slot(
        "create_index",
        {
            "name": ("docs", "docs-2"),
            "replicas": (0, 1),
            "pipeline": (True, False),
            "added": (False, True),
            "type": ("text", "keyword"),
        },
    ),
}
"""In an order in which each node's needs come before it."""


@dataclass(slots=True)
class Pool:
    """The template that is wanted now: the slots that are on, their settings and node ids."""

    on: dict[str, Settings] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=lambda: {slot: slot for slot in POOL})
    moved: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    protected: set[str] = field(default_factory=set)
    workflow: str = "machine"

    # ---- edits --------------------------------------------------------------------------

    def add(self, slot: str) -> None:
        """Put a node in, and what it needs."""
        if slot not in self.on:
            self.on[slot] = {name: values[0] for name, values in POOL[slot].settings.items()}
        for other in self.needs(slot):
            self.add(other)

    def drop(self, slot: str) -> None:
        """Take a node out, and what needs it."""
        self.on.pop(slot, None)
        for other in [name for name in self.on if slot in self.needs(name)]:
            self.drop(other)

    def turn(self, slot: str, setting: int, value: int) -> None:
        """Give one of a node's settings another of its values."""
        name, values = list(POOL[slot].settings.items())[setting % len(POOL[slot].settings)]
        others = [item for item in values if item != self.on[slot][name]]
        self.on[slot][name] = others[value % len(others)]
        self.add(slot)

    def move(self, slot: str, name: str) -> None:
        """Give a node another id, and say so in the template."""
        self.moved.setdefault(slot, []).append((self.names[slot], name))
        self.names[slot] = name

    def with_users(self, slot: str) -> set[str]:
        """The slot and all that need it."""
        found = {slot}
        for name in (name for name in POOL if name in self.on):
            if found & set(self.needs(name)):
                found.add(name)
        return found

    def needs(self, slot: str) -> Iterator[str]:
        """The slots whose outputs this one uses, as it is set now."""
        own = self.on[slot]
        if slot in ("mod", "mod2"):
            yield own["connector"]
            yield from ("group",) if own.get("group") else ()
        elif slot == "agent":
            yield from ("tool",) if own["tool"] else ()
            yield from ("mod",) if own["llm"] else ()
        elif slot in ("tool", "ingest"):
            yield own["model"]
        elif slot in ("dep", "search"):
            yield "mod"
        elif slot == "index" and own["pipeline"]:
            yield "ingest"

    def node_ids(self, slots: Collection[str] | None = None) -> set[str]:
        """The ids of all nodes, or of those of `slots`; what a `for_each` makes one by one."""
        among = self.on if slots is None else slots
        single = {self.names[slot] for slot in among if slot != "each"}
        keys = self.on["each"]["keys"] if "each" in among else ()
        return single | {f'{self.names["each"]}["{key}"]' for key in keys}

    # ---- the template -------------------------------------------------------------------

    def template(self) -> dict[str, Any]:
        """The template as a person would have written it."""
        made = [self._node(slot) for slot in POOL if slot in self.on]
        text: dict[str, Any] = {"name": self.workflow, "workflows": {"provision": {"nodes": made}}}
        moved = [pair for slot, pairs in self.moved.items() if slot in self.on for pair in pairs]
        if moved:
            text["flowplan"] = {"moved": [{"from": old, "to": new} for old, new in moved]}
        return text

    def _node(self, slot: str) -> dict[str, Any]:
        own = self.on[slot]
        node: dict[str, Any] = {"id": self.names[slot], "type": POOL[slot].type}
        previous = {}
        for other in self.needs(slot):
            output = {"con": "connector_id", "con2": "connector_id", "group": "model_group_id"}
            if slot in ("mod", "mod2", "dep"):
                previous[self.names[other]] = output.get(other, "model_id")
            elif other == "tool":
                previous[self.names[other]] = "tools"
        if previous:
            node["previous_node_inputs"] = previous
        inputs = self._inputs(slot, own)
        wishes = self._wishes(slot, own)
        node |= {"flowplan": wishes} if wishes else {}
        return node | ({"user_inputs": inputs} if inputs else {})

    def _wishes(self, slot: str, own: Settings) -> dict[str, Any]:
        """What the node says to flowplan itself."""
        wishes: dict[str, Any] = {"prevent_destroy": True} if slot in self.protected else {}
        if slot == "each":
            wishes["for_each"] = list(own["keys"])
        if own.get("kept"):
            wishes["keep_id"] = True
        if own.get("ignored"):
            wishes["ignore_changes"] = ["description"]
        return wishes

    def _inputs(self, slot: str, own: Settings) -> dict[str, Any]:
        match POOL[slot].type:
            case "register_model_group":
                name = "each ${{ each.key }}" if slot == "each" else "shared"
                return {"name": name, "description": own["text"]}
            case "create_connector":
                return _connector(slot, own)
            case "register_remote_model":
                deploy = {"deploy": True} if own["deploy"] else {}
                text = {"description": own["text"]} if "text" in own else {}
                return {"name": own.get("title", slot), **text, **deploy}
            case "create_tool":
                parameters = {"model_id": self._model(own["model"]), "prompt": own["prompt"]}
                return {"type": "MLModelTool", "name": "ask", "parameters": parameters}
            case "register_agent":
                llm = {"llm": {"model_id": self._model("mod")}} if own["llm"] else {}
                return {"name": "agent", "type": "flow", "description": own["text"], **llm}
            case "create_ingest_pipeline":
                return _pipeline("in", own, self._model(own["model"]), "processors")
            case "create_search_pipeline":
                return _pipeline("out", own, self._model("mod"), "request_processors")
            case "create_index":
                return self._index(own)
        return {}

    def _model(self, slot: str) -> str:
        return "${{ " + self.names[slot] + ".model_id }}"

    def _index(self, own: Settings) -> dict[str, Any]:
        fields: dict[str, Any] = {"body": {"type": own["type"]}}
        if own["added"]:
            fields["tag"] = {"type": "keyword"}
        settings: dict[str, Any] = {"number_of_replicas": own["replicas"]}
        if own["pipeline"]:
            settings["default_pipeline"] = "${{ " + self.names["ingest"] + ".pipeline_id }}"
        configurations = {"settings": settings, "mappings": {"properties": fields}}
        return {"index_name": own["name"], "configurations": configurations}

    # ---- what has to be there -----------------------------------------------------------

    def world(self) -> World:
        """What the cluster holds when it holds what the template says, and nothing else.

        Of what changes are ignored it is what the template says now, which may never have been: see
        `wanted`.
        """
        made: World = {kind: {} for kind in KINDS}
        for slot, own in self.on.items():
            match POOL[slot].type:
                case "register_model_group":
                    names = [f"each {key}" for key in own.get("keys", ())]
                    for name in names if slot == "each" else ["shared"]:
                        made["groups"][name] = own["text"]
                case "create_connector":
                    inputs = _connector(slot, own)
                    made["connectors"][slot] = [inputs["description"], inputs["parameters"]]
                case "register_remote_model":
                    made["models"][own.get("title", slot)] = self._registered(slot, own)
                case "register_agent":
                    made["agents"]["agent"] = self._agent(own)
                case "create_ingest_pipeline":
                    made["ingest"]["in"] = [own["text"], self._title(own["model"])]
                case "create_search_pipeline":
                    made["search"]["out"] = [own["text"], self._title("mod")]
                case "create_index":
                    fields = {"body": own["type"]} | ({"tag": "keyword"} if own["added"] else {})
                    pipeline = "in" if own["pipeline"] else None
                    made["indices"][own["name"]] = [str(own["replicas"]), pipeline, fields]
        return made

    def wanted(self, there: World) -> World:
        """The same, with what is `there` of what changes are ignored of: as made, or by hand."""
        made = self.world()
        now = there["groups"].get("shared")
        if "group" in self.on and self.on["group"]["ignored"] and now in (*TEXTS, "by hand"):
            made["groups"]["shared"] = now
        return made

    def _title(self, slot: str) -> str:
        title: str = self.on[slot].get("title", slot)
        return title

    def _registered(self, slot: str, own: Settings) -> list[Json]:
        deployed = own["deploy"] or (slot == "mod" and "dep" in self.on)
        group = "shared" if own.get("group") else "(its own)"
        return [own.get("text"), own["connector"], group, deployed]

    def _agent(self, own: Settings) -> list[Json]:
        tool = self.on["tool"] if own["tool"] else None
        tools = [[tool["prompt"], self._title(tool["model"])]] if tool else []
        return [own["text"], tools, self._title("mod") if own["llm"] else None]


KINDS = ("groups", "connectors", "models", "agents", "ingest", "search", "indices")


def _connector(slot: str, own: Settings) -> dict[str, Any]:
    parameters = {"model": own["model"]}
    if own["extra"] is not None:
        parameters["extra"] = str(own["extra"])
    return {
        "name": slot,
        "description": own.get("text", "a connector"),
        "version": "1",
        "protocol": "http",
        "parameters": parameters,
        "credential": {"key": own.get("key", "k")},
        "actions": [ACTION],
    }


def _pipeline(name: str, own: Settings, model: str, key: str) -> dict[str, Any]:
    step = {"ml_inference": {"model_id": model, "input_map": [{"a": "b"}], "output_map": []}}
    return {"pipeline_id": name, "configurations": {"description": own["text"], key: [step]}}
