"""The click application: a group that knows its verbs by name and imports one when it is called.

`flowplan --help` must not import what it doesn't show, so the short helps stand here in a
table. click's own errors become `UsageError`s here, with the nearest name and exit 64.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any

import click

from flowplan.cli.helptext import written_by_us
from flowplan.errors import UsageError, nearest

__all__ = ["VERBS", "build_app", "run"]

VERBS = {
    "init": "Make a project file, and a template to begin with.",
    "validate": "Check a template and its params, without a cluster.",
    "plan": "Show what an apply would change, and save it.",
    "apply": "Make the cluster as the template says.",
    "destroy": "Delete what was made, dependants first.",
    "drift": "Show what changed on the cluster since it was last applied.",
    "check": "Ask the cluster what the template's checks ask.",
    "status": "Show the workflow's state and its resources.",
    "show": "Show a saved plan, or the state.",
    "output": "Print the workflow's outputs, or one of them.",
    "import": "Take over what is on the cluster already as a node.",
    "export": "Print the template as Flow Framework's plugin takes it.",
    "graph": "Draw the nodes and what they wait for.",
    "steps": "List the step types and their inputs.",
    "state": "Look into the state, and put it right.",
    "serve": "Answer Flow Framework's workflow API on a port.",
    "sandbox": "Run the embedded cluster on a port.",
    "completion": "Print the completion script of a shell.",
}
STATE_VERBS = {
    "list": "List the nodes in the state.",
    "show": "Show what is recorded of a node.",
    "mv": "Call a node otherwise; nothing is made or deleted.",
    "rm": "Forget nodes; what they made stays on the cluster.",
    "rename": "Call the workflow as its template is called now.",
    "rebind": "Take the endpoint's cluster for the state's own.",
    "rekey": "Digest the sensitive values anew, with a new salt.",
    "pull": "Print the state document.",
    "push": "Put a state document in the place of the one there.",
    "unlock": "Release the lock of a run that is dead.",
    "migrate": "Move the state to another place.",
}
SANDBOX_VERBS = {"serve": "Serve the sandbox over HTTP until it is stopped."}
_GROUPS = {"state": STATE_VERBS, "sandbox": SANDBOX_VERBS}

_EXITS = """\b
Exit codes:
  0 done              1 failed, nothing changed   2 changes (--detailed-exitcode)
  3 failed part-way   4 lock held                 5 saved plan is stale
  64 usage            70 internal error           130, 143 interrupted"""


class VerbGroup(click.Group):
    """A group whose commands are imported by name, on use."""

    def __init__(self, prefix: str, verbs: dict[str, str], **settings: Any) -> None:
        super().__init__(**settings)
        self.prefix = prefix
        self.verbs = verbs

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        """Click's own, but for how it writes."""
        return written_by_us(super().get_help_option(ctx))

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names in the order of the table: the order in which they are used."""
        return list(self.verbs)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the verb's file."""
        if cmd_name not in self.verbs:
            return None
        if not self.prefix and cmd_name in _GROUPS:
            return _group(cmd_name, _GROUPS[cmd_name], VERBS[cmd_name])
        module = import_module(f"flowplan.cli.commands.{self.prefix}{cmd_name}")
        command: click.Command = module.command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click's, with the nearest name for an unknown verb."""
        name = args[0]
        if name not in self.verbs and not name.startswith("-") and not ctx.resilient_parsing:
            near = nearest(name, list(self.verbs))
            whole = f"{ctx.command_path} {near or ''}".strip()
            raise UsageError.of(
                "FP602",
                f'no command "{name}"',
                f'did you mean "{whole}"?' if near else f"Commands: {', '.join(self.verbs)}.",
                hint=f"{ctx.command_path} --help lists them.",
            )
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The verbs with their short helps, none of them imported."""
        with formatter.section("Commands"):
            formatter.write_dl(list(self.verbs.items()))


def _group(name: str, verbs: dict[str, str], text: str) -> click.Group:
    return VerbGroup(f"{name}_", verbs, name=name, help=text)


def build_app() -> click.Group:
    """The whole application."""
    from flowplan.cli.options import GENERAL

    return VerbGroup(
        "",
        VERBS,
        name="flowplan",
        params=[*(option() for option in GENERAL), _version_option()],
        help="Plan, apply and destroy the AI resources of an OpenSearch cluster.",
        epilog=_EXITS,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    )


def _version_option() -> click.Option:
    # Answered by `flowplan.__main__` before click is imported; here for the help text.
    return click.Option(["--version"], is_flag=True, expose_value=False, help="Print the version.")


def run(argv: Sequence[str]) -> int:
    """Parse and run one command line; its exit code. Raises `FlowplanError`."""
    try:
        code = build_app().main(list(argv), prog_name="flowplan", standalone_mode=False)
    except click.NoSuchOption as error:
        raise _unknown_option(error) from None
    except click.exceptions.NoArgsIsHelpError as error:
        raise UsageError.of("FP601", "no command is named", error.format_message()) from None
    except click.UsageError as error:
        raise _usage(error) from None
    except click.Abort:
        raise KeyboardInterrupt from None
    return code if isinstance(code, int) else 0


def _unknown_option(error: click.NoSuchOption) -> UsageError:
    context = error.ctx
    path = context.command_path if context else "flowplan"
    known = {name.lstrip("-"): name for name in _long_options(context)}
    near = known.get(nearest(error.option_name.lstrip("-"), list(known)) or "")
    return UsageError.of(
        "FP603",
        f"no option {error.option_name} of {path}",
        f"did you mean {near}?" if near else "",
        hint=f"{path} --help lists them.",
    )


def _long_options(context: click.Context | None) -> list[str]:
    if context is None:
        return []
    return [
        name
        for param in context.command.get_params(context)
        if isinstance(param, click.Option) and not param.hidden
        for name in (*param.opts, *param.secondary_opts)
        if name.startswith("--")
    ]


def _usage(error: click.UsageError) -> UsageError:
    path = error.ctx.command_path if error.ctx else "flowplan"
    text = error.format_message().rstrip(".")
    return UsageError.of(
        "FP604", text[:1].lower() + text[1:], hint=f"{path} --help shows how it is called."
    )
