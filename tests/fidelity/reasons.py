"""Why the sandbox answers a recorded call differently, call by call.

A reason for a call that is answered alike is refused by a test, and so is a difference without one.
It must not know how answers are compared.
"""

from __future__ import annotations

NAME = "a cluster has a name of its own; the sandbox says that it is one"
REASONS = {
    "01:0": NAME,
    "01:2": NAME,
    "06:66": "the profile of a model is timings and a Java object; the sandbox has none",
    "06:67": (
        "an undeployment overtook an automatic deployment (06:38), and the model ended deployed; "
        "in the sandbox the later request wins"
    ),
    "07:59": "the agent runs a tool that lists indices; the sandbox runs no tools, it echoes",
    "07:66": "the sandbox lists the tools that templates use, without their descriptions",
    "09:77": "the list has the plugins' own indices with their numbers of documents",
    "10:29": (
        "the node was restarted and wrote the model anew meanwhile (its last_updated_time moved): "
        "its version is higher"
    ),
    "12:14": (
        "the first deployment is over before the undeployment, which took two seconds on the node "
        "and takes none here: two writes of the model less; one more is not explained"
    ),
    "13:2": "nobody listens at the model's URL; the sandbox calls no remote service",
}
