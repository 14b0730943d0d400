"""TLS with real handshakes: trusted and untrusted servers, client certificates, no check at all."""

from __future__ import annotations

import ssl
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import trustme

from flowplan.errors import Diagnostic, ProviderError, Unreachable
from flowplan.http import Connection
from flowplan.http_tls import tls_failure

Open = Callable[..., Connection]
Server = Any
Serve = Callable[[ssl.SSLContext], Server]

CREATE = "/_plugins/_ml/connectors/_create"


@dataclass(frozen=True)
class Files:
    """Certificates as files; `stranger` is an authority that nobody trusts."""

    directory: Path
    authority: trustme.CA
    stranger: trustme.CA

    def pem(self, name: str, *blobs: trustme.Blob) -> str:
        path = self.directory / name
        path.write_bytes(b"".join(blob.bytes() for blob in blobs))
        return str(path)

    @property
    def ca(self) -> dict[str, str]:
        return {"FLOWPLAN_CA_BUNDLE": self.pem("ca.pem", self.authority.cert_pem)}

    def client(self, by: trustme.CA) -> dict[str, str]:
        made = by.issue_cert("ci@example.org")
        return {
            "FLOWPLAN_CLIENT_CERT": self.pem("client.pem", *made.cert_chain_pems),
            "FLOWPLAN_CLIENT_KEY": self.pem("client.key", made.private_key_pem),
        }


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    return Files(tmp_path_factory.mktemp("tls"), trustme.CA(), trustme.CA())


def context(files: Files, *names: str, demands: bool = False, **made: Any) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    files.authority.issue_cert(*(names or ("127.0.0.1",)), **made).configure_cert(context)
    if demands:
        context.verify_mode = ssl.CERT_REQUIRED
        files.authority.configure_trust(context)
    return context


def refused(connection: Connection, method: str = "GET") -> Diagnostic:
    body = {} if method == "POST" else None
    with pytest.raises(Unreachable) as caught:
        connection.operation().request(method, CREATE if body is not None else "/", body=body)
    assert caught.value.diagnostics[0].code == "FP322"
    return caught.value.diagnostics[0]


def test_a_named_authority_is_trusted(serve: Serve, connect: Open, files: Files) -> None:
    server = serve(context(files))
    server.script = [(200, {"ok": 1})]
    connection = connect(server.url, environ=files.ca)
    assert connection.operation().request("GET", "/").body == {"ok": 1}
    assert connection.warnings == ()


def test_requests_own_variable_names_an_authority_too(
    serve: Serve, connect: Open, files: Files
) -> None:
    server = serve(context(files))
    environ = {"REQUESTS_CA_BUNDLE": files.ca["FLOWPLAN_CA_BUNDLE"]}
    assert connect(server.url, environ=environ).operation().request("GET", "/").status == 200


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_unknown_authority_is_told_with_cause_and_remedy(
    serve: Serve, connect: Open, files: Files, method: str
) -> None:
    server = serve(context(files))
    connection = connect(server.url)
    told = refused(connection, method)
    assert "certificate can't be verified: unable to get local issuer" in told.detail
    assert told.hint == "Name the authority's certificate in FLOWPLAN_CA_BUNDLE."
    assert (server.seen, connection.request_count) == ([], 1)


def test_another_authority_than_the_server_s_does_not_help(
    serve: Serve, connect: Open, files: Files
) -> None:
    server = serve(context(files))
    bundle = files.pem("stranger.pem", files.stranger.cert_pem)
    assert (
        "can't be verified"
        in refused(connect(server.url, environ={"FLOWPLAN_CA_BUNDLE": bundle})).detail
    )


def test_a_certificate_for_another_name_is_told_as_that(
    serve: Serve, connect: Open, files: Files
) -> None:
    server = serve(context(files, "search.example.org"))
    told = refused(connect(server.url, environ=files.ca))
    assert "127.0.0.1" in told.detail
    assert "a name that the certificate has" in told.hint


def test_an_expired_certificate_is_told_as_that(serve: Serve, connect: Open, files: Files) -> None:
    day = timedelta(days=1)
    now = datetime.now(UTC)
    server = serve(context(files, not_before=now - 2 * day, not_after=now - day))
    told = refused(connect(server.url, environ=files.ca))
    assert "certificate has expired" in told.detail
    assert told.hint == "Renew the cluster's certificate."


def test_a_certificate_that_is_not_valid_yet_points_at_the_clock(
    serve: Serve, connect: Open, files: Files
) -> None:
    day = timedelta(days=1)
    now = datetime.now(UTC)
    server = serve(context(files, not_before=now + day, not_after=now + 2 * day))
    assert "clock" in refused(connect(server.url, environ=files.ca)).hint


# ---- no check -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "given",
    [{"verify": False}, *({"environ": {"FLOWPLAN_INSECURE": yes}} for yes in ("1", "True", "on"))],
    ids=str,
)
def test_without_checks_a_request_goes_through_and_it_is_said(
    serve: Serve, connect: Open, files: Files, given: dict[str, Any]
) -> None:
    server = serve(context(files))
    connection = connect(server.url, **given)
    assert connection.operation().request("GET", "/").status == 200
    (warning,) = connection.warnings
    assert (warning.severity, warning.code) == ("warning", "FP390")
    assert server.url in warning.summary


@pytest.mark.parametrize("no", ["", "0", "false", "No", "off"])
def test_a_no_keeps_the_checks(serve: Serve, connect: Open, files: Files, no: str) -> None:
    server = serve(context(files))
    assert (
        "can't be verified"
        in refused(connect(server.url, environ={"FLOWPLAN_INSECURE": no})).detail
    )


def test_neither_yes_nor_no_is_refused(connect: Open) -> None:
    with pytest.raises(ProviderError) as caught:
        connect(environ={"FLOWPLAN_INSECURE": "maybe"})
    assert caught.value.diagnostics[0].code == "FP391"


def test_nothing_is_said_where_there_is_no_tls(connect: Open) -> None:
    assert connect(verify=False).warnings == ()


# ---- client certificates --------------------------------------------------------------------

VERSIONS = (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)


@pytest.fixture(params=VERSIONS, ids=lambda version: version.name)
def demanding(request: pytest.FixtureRequest, serve: Serve, files: Files) -> Server:
    """A server that demands a client certificate, by one version of TLS."""
    made = context(files, demands=True)
    made.minimum_version = made.maximum_version = request.param
    return serve(made)


def test_a_client_certificate_is_shown(demanding: Server, connect: Open, files: Files) -> None:
    environ = {**files.ca, **files.client(files.authority)}
    assert connect(demanding.url, environ=environ).operation().request("GET", "/").status == 200


def test_certificate_and_key_may_be_in_one_file(
    demanding: Server, connect: Open, files: Files
) -> None:
    made = files.authority.issue_cert("ci@example.org")
    environ = {
        **files.ca,
        "FLOWPLAN_CLIENT_CERT": files.pem("both.pem", made.private_key_and_cert_chain_pem),
    }
    assert connect(demanding.url, environ=environ).operation().request("GET", "/").status == 200


def test_a_client_certificate_goes_with_a_password(
    demanding: Server, connect: Open, files: Files
) -> None:
    who = {"FLOWPLAN_USERNAME": "ci", "FLOWPLAN_PASSWORD": "word-of-ci"}
    environ = {**files.ca, **files.client(files.authority), **who}
    connect(demanding.url, environ=environ).operation().request("GET", "/")
    assert demanding.seen[0][2]["Authorization"].startswith("Basic ")


def test_a_server_that_demands_a_client_certificate_names_the_variable(
    demanding: Server, connect: Open, files: Files
) -> None:
    told = refused(connect(demanding.url, environ=files.ca))
    assert "FLOWPLAN_CLIENT_CERT" in told.hint
    assert demanding.seen == []


def test_a_client_certificate_that_the_server_does_not_trust_is_told_as_that(
    demanding: Server, connect: Open, files: Files
) -> None:
    environ = {**files.ca, **files.client(files.stranger)}
    told = refused(connect(demanding.url, environ=environ))
    assert "doesn't accept the client certificate" in told.detail


def test_a_key_without_a_certificate_is_refused(connect: Open) -> None:
    with pytest.raises(ProviderError) as caught:
        connect(environ={"FLOWPLAN_CLIENT_KEY": "client.key"})
    assert caught.value.diagnostics[0].code == "FP383"


def protected_key(files: Files) -> str:
    from cryptography.hazmat.primitives import serialization as form

    plain = files.authority.issue_cert("ci@example.org").private_key_pem.bytes()
    key = form.load_pem_private_key(plain, None)
    path = files.directory / "protected.key"
    path.write_bytes(
        key.private_bytes(
            form.Encoding.PEM,
            form.PrivateFormat.PKCS8,
            form.BestAvailableEncryption(b"phrase"),
        )
    )
    return str(path)


def unusable(connect: Open, certificate: str, key: str | None = None) -> str:
    environ = {"FLOWPLAN_CLIENT_CERT": certificate}
    if key:
        environ["FLOWPLAN_CLIENT_KEY"] = key
    with pytest.raises(ProviderError) as caught:
        connect(environ=environ)
    (told,) = caught.value.diagnostics
    assert told.code == "FP384"
    return f"{told.summary} {told.detail} {told.hint}"


def test_a_missing_certificate_is_named(connect: Open) -> None:
    assert "/no/client.pem is not there" in unusable(connect, "/no/client.pem")


def test_a_missing_key_is_named(connect: Open, files: Files) -> None:
    certificate = files.client(files.authority)["FLOWPLAN_CLIENT_CERT"]
    assert "/no/client.key is not there" in unusable(connect, certificate, "/no/client.key")


def test_a_certificate_without_its_key_is_told_as_that(connect: Open, files: Files) -> None:
    certificate = files.client(files.authority)["FLOWPLAN_CLIENT_CERT"]
    assert "not both a certificate and its key" in unusable(connect, certificate)


def test_a_key_of_another_certificate_is_told_as_that(connect: Open, files: Files) -> None:
    certificate = files.client(files.authority)["FLOWPLAN_CLIENT_CERT"]
    other = files.pem("other.key", files.stranger.issue_cert("x.example.org").private_key_pem)
    assert "not that of the certificate" in unusable(connect, certificate, other)


def test_files_without_pem_are_told_as_that(connect: Open, files: Files) -> None:
    certificate = files.client(files.authority)["FLOWPLAN_CLIENT_CERT"]
    assert "no key" in unusable(connect, certificate, files.pem("empty.key"))


def test_a_protected_key_is_refused_rather_than_asked_for(connect: Open, files: Files) -> None:
    certificate = files.client(files.authority)["FLOWPLAN_CLIENT_CERT"]
    assert "openssl pkey" in unusable(connect, certificate, protected_key(files))


# ---- bundles --------------------------------------------------------------------------------


def test_a_bundle_without_certificates_is_refused(connect: Open, files: Files) -> None:
    with pytest.raises(ProviderError) as caught:
        connect(environ={"FLOWPLAN_CA_BUNDLE": files.pem("empty.pem")})
    (told,) = caught.value.diagnostics
    assert told.code == "FP385"
    assert "no certificate in PEM form" in told.detail


def test_a_file_that_goes_away_while_flowplan_runs_is_no_traceback(
    serve: Serve, connect: Open, files: Files
) -> None:
    environ = {**files.ca, **files.client(files.authority)}
    server = serve(context(files))
    connection = connect(server.url, environ=environ)
    Path(environ["FLOWPLAN_CLIENT_CERT"]).unlink()
    refused(connection)


def test_a_bundle_may_be_a_directory(connect: Open, files: Files) -> None:
    environ = {"FLOWPLAN_CA_BUNDLE": str(files.directory)}
    assert connect(environ=environ)._new_session().verify == str(files.directory)


# ---- what is no TLS, or no longer ---------------------------------------------------------------


def test_a_port_without_tls_is_told_as_that(server: Server, connect: Open) -> None:
    told = refused(connect(f"https://127.0.0.1:{server.port}"))
    assert (told.detail, "http://" in told.hint) == ("it doesn't speak TLS.", True)


def test_speaking_without_tls_to_a_tls_port_suggests_https(
    serve: Serve, connect: Open, files: Files
) -> None:
    server = serve(context(files))
    told = refused(connect(f"http://127.0.0.1:{server.port}"))
    assert "https://" in told.hint


def test_a_connection_that_breaks_without_a_word_suggests_the_client_certificate() -> None:
    failure = tls_failure(ssl.SSLEOFError(8, "EOF occurred in violation of protocol"))
    assert (failure.sent, failure.final) == (True, False)
    assert "FLOWPLAN_CLIENT_CERT" in failure.hint


def test_a_handshake_that_ends_for_no_named_reason_was_before_sending(
    serve: Serve, connect: Open, files: Files
) -> None:
    made = context(files)
    made.minimum_version = made.maximum_version = ssl.TLSVersion.TLSv1_2
    made.set_ciphers("AES256-SHA256")
    server = serve(made)
    told = refused(connect(server.url, environ=files.ca), "POST")
    assert "ended the TLS handshake" in told.detail


def test_an_error_that_holds_itself_is_looked_through_once() -> None:
    error = OSError("odd")
    error.__cause__ = OSError("inner", error)
    assert tls_failure(error).sent


def test_ssl_is_not_imported_before_it_is_needed() -> None:
    check = "import sys, flowplan.http_tls; sys.exit('ssl' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", check], check=False, timeout=60)
    assert done.returncode == 0
