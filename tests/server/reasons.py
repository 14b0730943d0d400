"""Why the server answers a recorded call of Flow Framework otherwise, call by call.

A reason for a call that is answered alike is refused by a test, and so is a difference without one.
It must not know how answers are compared.
"""

from __future__ import annotations

_CHANGED = "changed connectors and models are changed, not refused"
_GONE = "what was deleted by hand counts as deprovisioned"
_NULL = (
    "the plugin's own reprovisioning broke on a null pointer (08:28), and its text stays in the "
    "status for good"
)
_OVERWRITES = "a pipeline or index that exists already is not taken over: nothing is changed"
_SWITCH = "the plugin's switch is no setting of this server"
REASONS = {
    "03:18": _CHANGED,
    "03:53": "the plugin was still deploying after five seconds; here all was there, and goes",
    "03:54": "deprovisioned (03:53), so it can be provisioned again",
    "03:55": "nothing of it is left, where the plugin had lost sight of its model",
    "04:31": "a workflow without an id is not found; no request ends with 500",
    "04:48": "a placeholder that nothing fills is refused before anything is sent",
    "04:49": "nothing was begun (04:48)",
    "04:55": "a FAILED workflow goes on from where it stopped",
    "04:90": _GONE,
    "04:91": "reset (04:90)",
    "04:110": "a deprovision while it is being provisioned is refused, never half done",
    "08:28": "the node is changed, where the plugin broke on a null pointer",
    "08:31": _NULL,
    "08:32": "the node is added, where the plugin broke on a null pointer",
    "08:34": _NULL,
    "08:36": _NULL,
    "09:44": "a new run begins without the error of the one before",
    "09:53": _OVERWRITES,
    "09:54": _OVERWRITES,
    "09:65": _SWITCH,
    "09:66": _SWITCH,
    "11:11": _GONE,
    "11:12": "reset (11:11)",
    "11:13": "there is nothing left to deprovision",
    "11:14": "reset (11:11)",
    "11:15": "reset (11:11), so it can be provisioned again",
    "14:9": _CHANGED,
}
