"""Trust in both directions: whose certificates are accepted, and which one is shown.

And what a failed handshake means. Used by `flowplan.http` only. It must not know how requests are
sent, and imports `ssl` only where a file is named or a handshake failed. Files are tried out before
the first request: a mistake in them would otherwise come up as a riddle, and a protected key as a
question on the terminal.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NoReturn

from flowplan.dataclass import dataclass
from flowplan.errors import Diagnostic, ProviderError
from flowplan.http_operation import NotAnswered

__all__ = ["Tls", "not_checked", "tls_failure", "tls_settings"]

_YES, _NO = frozenset({"1", "true", "yes", "on"}), frozenset({"", "0", "false", "no", "off"})
# X509_V_ERR_* of OpenSSL's x509_vfy.h.
_NOT_YET, _EXPIRED, _WRONG_NAMES = 9, 10, frozenset({62, 64})
_SHOW_ONE = "Name one in FLOWPLAN_CLIENT_CERT, and its key in FLOWPLAN_CLIENT_KEY."
_MAY_DEMAND_ONE = (
    "Run the command again. If that doesn't help, the cluster may demand another client "
    "certificate than FLOWPLAN_CLIENT_CERT names."
)


@dataclass(frozen=True, slots=True)
class Tls:
    """What `requests` is told: `verify` as there, `certificate` the file or files to show."""

    verify: bool | str = True
    certificate: str | tuple[str, str] | None = None


def tls_settings(environ: Mapping[str, str], *, verify: bool) -> Tls:
    """FLOWPLAN_CA_BUNDLE or REQUESTS_CA_BUNDLE, FLOWPLAN_INSECURE, FLOWPLAN_CLIENT_CERT, _KEY.

    Raises `ProviderError`: FP321 and FP385 for a bundle that is not there or holds nothing,
    FP383 and FP384 for a client certificate without which or with which nothing can be done,
    FP391 for another FLOWPLAN_INSECURE than yes or no.
    """
    insecure = environ.get("FLOWPLAN_INSECURE", "").strip().lower()
    if insecure not in _YES | _NO:
        raise ProviderError.of(
            "FP391",
            "FLOWPLAN_INSECURE is neither yes nor no",
            "It decides whether the cluster's certificate is checked, so nothing is guessed.",
            hint="Set it to 1, or unset it.",
        )
    trusted = False if insecure in _YES or not verify else _bundle(environ)
    return Tls(trusted, _certificate(environ))


def not_checked(endpoint: str) -> Diagnostic:
    """What is said each time certificates are not checked."""
    return Diagnostic(
        "warning",
        "FP390",
        f"the certificate of {endpoint} is not checked",
        "Whoever is in between can pass for the cluster, read credentials and change requests.",
        hint="Name the authority's certificate in FLOWPLAN_CA_BUNDLE instead of --insecure or "
        "FLOWPLAN_INSECURE.",
    )


def _bundle(environ: Mapping[str, str]) -> bool | str:
    for name in ("FLOWPLAN_CA_BUNDLE", "REQUESTS_CA_BUNDLE"):
        bundle = environ.get(name)
        if not bundle:
            continue
        path = Path(bundle)
        if not path.exists():
            raise ProviderError.of(
                "FP321",
                f"{name} names a file that is not there",
                f"{bundle} holds no certificates.",
                hint=f"Correct {name}, or unset it to use the usual authorities.",
            )
        if not path.is_dir():
            _try_bundle(bundle, name)
        return bundle
    return True


def _try_bundle(bundle: str, name: str) -> None:
    import ssl

    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(bundle)
    except OSError as error:
        unread = None if isinstance(error, ssl.SSLError) else error.strerror
        raise ProviderError.of(
            "FP385",
            f"{name} can't be used",
            f"{bundle}: {unread or 'it has no certificate in PEM form'}.",
            hint="Name a file of certificates that begin with -----BEGIN CERTIFICATE-----.",
        ) from None


def _certificate(environ: Mapping[str, str]) -> str | tuple[str, str] | None:
    certificate = environ.get("FLOWPLAN_CLIENT_CERT")
    key = environ.get("FLOWPLAN_CLIENT_KEY")
    if not certificate:
        if key:
            raise ProviderError.of(
                "FP383",
                "FLOWPLAN_CLIENT_KEY is set without FLOWPLAN_CLIENT_CERT",
                "A key alone shows nobody who asks.",
                hint="Set both, or neither.",
            )
        return None
    for name, path in (("FLOWPLAN_CLIENT_CERT", certificate), ("FLOWPLAN_CLIENT_KEY", key)):
        if path and not Path(path).is_file():
            raise _unusable(name, f"{path} is not there, or no file.")
    _try_certificate(certificate, key)
    return (certificate, key) if key else certificate


def _try_certificate(certificate: str, key: str | None) -> None:
    import ssl

    def protected() -> NoReturn:
        # Otherwise OpenSSL asks the terminal, in each thread and each time.
        raise _unusable(
            "FLOWPLAN_CLIENT_KEY" if key else "FLOWPLAN_CLIENT_CERT",
            "The key is protected by a passphrase, and flowplan asks for none.",
            "Write it without one, readable by you only:\n"
            "  (umask 077; openssl pkey -in KEY -out PLAINKEY)",
        )

    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(
            certificate, key, password=protected
        )
    except ssl.SSLError as error:
        if "MISMATCH" in (error.reason or ""):
            why = "The key is not that of the certificate."
        elif key:
            why = f"{certificate} has no certificate in PEM form, or {key} no key."
        else:
            why = f"{certificate} has not both a certificate and its key in PEM form."
        raise _unusable("FLOWPLAN_CLIENT_CERT", why) from None
    except OSError as error:
        raise _unusable("FLOWPLAN_CLIENT_CERT", f"{error.strerror}.") from None


def _unusable(name: str, why: str, hint: str = "") -> ProviderError:
    return ProviderError.of(
        "FP384",
        f"the client certificate can't be used: {name}",
        why,
        hint=hint
        or "Name a certificate in FLOWPLAN_CLIENT_CERT and its key in "
        "FLOWPLAN_CLIENT_KEY, both in PEM form.",
    )


def tls_failure(error: BaseException) -> NotAnswered:
    """What a failed handshake means, with its remedy. Nothing was sent unless it broke later.

    A server that demands a client certificate says so, in TLS 1.3, only after the request was
    written; but it has not read it.
    """
    found = next(_tls_errors(error), None)
    said = f"{getattr(found, 'reason', None) or ''} {error}".upper()
    if "CERTIFICATE_VERIFY_FAILED" in said:
        return _not_verified(found)
    if "CERTIFICATE_REQUIRED" in said:
        return _before_sending("it demands a client certificate", _SHOW_ONE)
    if "ALERT" in said and any(word in said for word in ("CERTIFICATE", "UNKNOWN_CA")):
        return _before_sending(
            "it doesn't accept the client certificate",
            "Show a certificate that the cluster trusts in FLOWPLAN_CLIENT_CERT.",
        )
    if "HANDSHAKE_FAILURE" in said:
        return _before_sending(
            "it ended the TLS handshake", f"It may demand a client certificate. {_SHOW_ONE}"
        )
    if any(word in said for word in ("WRONG_VERSION", "RECORD_LAYER", "HTTP_REQUEST")):
        return _before_sending(
            "it doesn't speak TLS", "Write --endpoint with http://, or correct its port."
        )
    # What a server says of a client certificate is lost when it closes before we have read it.
    return NotAnswered("the TLS connection broke", sent=True, hint=_MAY_DEMAND_ONE)


def _before_sending(why: str, hint: str) -> NotAnswered:
    return NotAnswered(why, sent=False, final=True, hint=hint)


def _not_verified(error: BaseException | None) -> NotAnswered:
    code = getattr(error, "verify_code", 0)
    said = str(getattr(error, "verify_message", "") or "").rstrip(".")
    why = f"its TLS certificate can't be verified{f': {said}' if said else ''}"
    if code in _WRONG_NAMES:
        return _before_sending(why, "Write --endpoint with a name that the certificate has.")
    if code == _EXPIRED:
        return _before_sending(why, "Renew the cluster's certificate.")
    if code == _NOT_YET:
        return _before_sending(why, "Check this machine's clock.")
    return _before_sending(why, "Name the authority's certificate in FLOWPLAN_CA_BUNDLE.")


def _tls_errors(error: BaseException) -> Iterator[BaseException]:
    """The errors of `ssl` inside: two libraries wrap them, each in its own way."""
    import ssl

    waiting: list[object] = [error]
    seen: set[int] = set()
    while waiting:
        item = waiting.pop(0)
        if not isinstance(item, BaseException) or id(item) in seen:
            continue
        seen.add(id(item))
        if isinstance(item, ssl.SSLError):
            yield item
        waiting += [*item.args, getattr(item, "reason", None), item.__cause__, item.__context__]
