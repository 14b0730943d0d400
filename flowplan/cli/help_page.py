"""What `flowplan --help` prints, by the least width that it fits. Made by docs/generate.py.

It must not know anything else.
"""

from __future__ import annotations

__all__ = ["PAGES"]

PAGES = (
    (
        90,
        """\
Usage: flowplan [OPTIONS] COMMAND [ARGS]...

  Plan, apply and destroy the AI resources of an OpenSearch cluster.

Options:
  --color [auto|always|never]  Whether to colour. NO_COLOR and FORCE_COLOR are honoured.
  --no-color                   The same as --color never.
  --no-input                   Never ask; refuse instead.
  -q, --quiet                  No progress, only results, warnings and errors.
  -v, --verbose                List what is only counted otherwise.
  --version                    Print the version.
  -h, --help                   Show this message and exit.

Commands:
  init        Make a project file, and a template to begin with.
  validate    Check a template and its params, without a cluster.
  plan        Show what an apply would change, and save it.
  apply       Make the cluster as the template says.
  destroy     Delete what was made, dependants first.
  drift       Show what changed on the cluster since it was last applied.
  check       Ask the cluster what the template's checks ask.
  status      Show the workflow's state and its resources.
  show        Show a saved plan, or the state.
  output      Print the workflow's outputs, or one of them.
  import      Take over what is on the cluster already as a node.
  export      Print the template as Flow Framework's plugin takes it.
  graph       Draw the nodes and what they wait for.
  steps       List the step types and their inputs.
  state       Look into the state, and put it right.
  serve       Answer Flow Framework's workflow API on a port.
  sandbox     Run the embedded cluster on a port.
  completion  Print the completion script of a shell.

  Exit codes:
    0 done              1 failed, nothing changed   2 changes (--detailed-exitcode)
    3 failed part-way   4 lock held                 5 saved plan is stale
    64 usage            70 internal error           130, 143 interrupted
""",
    ),
    (
        80,
        """\
Usage: flowplan [OPTIONS] COMMAND [ARGS]...

  Plan, apply and destroy the AI resources of an OpenSearch cluster.

Options:
  --color [auto|always|never]  Whether to colour. NO_COLOR and FORCE_COLOR are
                               honoured.
  --no-color                   The same as --color never.
  --no-input                   Never ask; refuse instead.
  -q, --quiet                  No progress, only results, warnings and errors.
  -v, --verbose                List what is only counted otherwise.
  --version                    Print the version.
  -h, --help                   Show this message and exit.

Commands:
  init        Make a project file, and a template to begin with.
  validate    Check a template and its params, without a cluster.
  plan        Show what an apply would change, and save it.
  apply       Make the cluster as the template says.
  destroy     Delete what was made, dependants first.
  drift       Show what changed on the cluster since it was last applied.
  check       Ask the cluster what the template's checks ask.
  status      Show the workflow's state and its resources.
  show        Show a saved plan, or the state.
  output      Print the workflow's outputs, or one of them.
  import      Take over what is on the cluster already as a node.
  export      Print the template as Flow Framework's plugin takes it.
  graph       Draw the nodes and what they wait for.
  steps       List the step types and their inputs.
  state       Look into the state, and put it right.
  serve       Answer Flow Framework's workflow API on a port.
  sandbox     Run the embedded cluster on a port.
  completion  Print the completion script of a shell.

  Exit codes:
    0 done              1 failed, nothing changed   2 changes (--detailed-exitcode)
    3 failed part-way   4 lock held                 5 saved plan is stale
    64 usage            70 internal error           130, 143 interrupted
""",
    ),
)
