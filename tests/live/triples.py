"""Several independent workflows in one template: where Flow Framework fails from eight on."""

from __future__ import annotations

import copy

from tests.lab import Lab


def multiply(lab: Lab, count: int) -> None:
    """Make `count` of the lab's nodes, each group of them with ids and names of its own."""
    originals = copy.deepcopy(lab.nodes)
    lab.nodes.clear()
    lab.template["flowplan"]["outputs"] = {}
    for number in range(count):
        for item in copy.deepcopy(originals):
            item["id"] += f"_{number}"
            wanted = item.get("previous_node_inputs", {}).items()
            item["previous_node_inputs"] = {f"{node}_{number}": name for node, name in wanted}
            if "user_inputs" in item:
                item["user_inputs"]["name"] += f" {number}"
            lab.nodes.append(item)
