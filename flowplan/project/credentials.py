"""The project file's credentials, put beside those of the environment for one connection.

The connection reads variables (`FLOWPLAN_USERNAME` and so on); here they are composed in a
mapping of our own, never in the process's environment. It must not know how they are used.
"""

from __future__ import annotations

from collections.abc import Mapping

from flowplan.dataclass import dataclass, field, replace
from flowplan.errors import Diagnostic, FlowplanError, ProjectError
from flowplan.project.settings import Settings
from flowplan.project.sources import SecretSource

__all__ = ["Composed", "compose"]

_VARIABLES = {
    "username": "FLOWPLAN_USERNAME",
    "password": "FLOWPLAN_PASSWORD",
    "token": "FLOWPLAN_TOKEN",
    "aws.service": "FLOWPLAN_AWS_SIGV4",
    "aws.region": "FLOWPLAN_AWS_REGION",
    "client_cert": "FLOWPLAN_CLIENT_CERT",
    "client_key": "FLOWPLAN_CLIENT_KEY",
    "ca": "FLOWPLAN_CA_BUNDLE",
}
# Of the kinds that exclude each other, and of a certificate with its key, one place gives all.
_KINDS = {
    "user": ("FLOWPLAN_USERNAME", "FLOWPLAN_PASSWORD"),
    "token": ("FLOWPLAN_TOKEN", "FLOWPLAN_TOKEN_FILE"),
    "aws": ("FLOWPLAN_AWS_SIGV4",),
}
_PAIR = ("FLOWPLAN_CLIENT_CERT", "FLOWPLAN_CLIENT_KEY")


@dataclass(frozen=True, slots=True)
class Composed:
    """The variables for one connection; `origins` are the names, in the file, of ours."""

    environ: Mapping[str, str] = field(repr=False)
    origins: Mapping[str, str] = field(default_factory=dict)

    def placed(self, error: FlowplanError, settings: Settings) -> FlowplanError:
        """The same error, which speaks of the project file where a value came from there."""
        error.diagnostics = tuple(self._placed(item, settings) for item in error.diagnostics)
        return error

    def _placed(self, item: Diagnostic, settings: Settings) -> Diagnostic:
        for variable, name in self.origins.items():
            if variable in f"{item.summary} {item.detail} {item.hint}":
                there = settings.spots[name].told("", "")
                item = replace(
                    item,
                    summary=item.summary.replace(variable, f"credentials.{name}"),
                    detail=item.detail.replace(variable, f"credentials.{name}"),
                    hint=item.hint.replace(variable, f"credentials.{name}"),
                    file=item.file or there.file,
                    line=item.line or there.line,
                    column=item.column or there.column,
                )
        return item


def compose(settings: Settings, environ: Mapping[str, str], *, user_in_url: bool) -> Composed:
    """The variables of `environ`, and for those that it does not set the project file's.

    Who asks is said in one place: another kind in `environ`, or a user in an endpoint's URL,
    leaves the file's out, while a user's name and password may come one from each. Secrets are
    fetched here. Raises `ProjectError` FP625 with all that are not to be had.
    """
    made, origins = dict(environ), {}
    missing: list[Diagnostic] = []
    for name, text in settings.credentials.items():
        variable = _VARIABLES[name]
        if _given(name, environ, user_in_url=user_in_url):
            continue
        try:
            made[variable] = _fetched(text, environ)
        except ProjectError as error:
            missing += error.diagnostics
        origins[variable] = name
    if missing:
        raise ProjectError(*missing)
    return Composed(made, origins)


def _given(name: str, environ: Mapping[str, str], *, user_in_url: bool) -> bool:
    """Whether the environment or the URL already says what the file's `name` would."""
    if environ.get(_VARIABLES[name]):
        return True
    if name == "ca":
        return False
    if name.startswith("client_"):
        return any(environ.get(variable) for variable in _PAIR)
    kind = {"username": "user", "password": "user", "token": "token"}.get(name, "aws")
    set_kinds = {key for key, names in _KINDS.items() if any(environ.get(item) for item in names)}
    # With a token both the text and a file's path would be set.
    return user_in_url or bool(set_kinds - ({kind} if kind != "token" else set()))


def _fetched(text: str | SecretSource, environ: Mapping[str, str]) -> str:
    if isinstance(text, str):
        return text
    value = text.fetch(environ)
    if not value.strip():
        # A pipeline gives an empty text for a secret that it does not have.
        raise text.missing(
            f"{text.name} is empty", "see that the secret is there, and that this run may use it"
        )
    return value
