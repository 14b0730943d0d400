"""A planted key, given in every way, is in no file, no output and no error."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.acceptance.chat import DOCUMENTED, chat, files, inputs, write

KEYS = {
    "plain": "sk-planted-5eed",
    "quotes": "sk-\"planted\"-'5eed'",
    "lines": "sk-planted\n5eed-second-line\n",
    "unicode": "sk-plänted-密钥-🔑",
    "backslash": "sk-\\planted\\5eed$1",
    "expression": "sk-${{planted}}-5eed",
    "url": "sk-planted/5eed?a=b&c=d e%20f",
    "digits": "73190557318",
    "word": "hunter2hunter2",
}


def forms(key: str) -> set[bytes]:
    """How a key might stand in a file: as it is, as JSON, shell or URL text; each long line."""
    texts = {key, json.dumps(key)[1:-1], json.dumps(key, ensure_ascii=False)[1:-1], repr(key)[1:-1], quote(key), quote(key, safe="")}  # fmt: skip
    texts |= {line for line in key.splitlines() if len(line) > 6}
    return {text.encode() for text in texts if text}


def clean(key: str, directory: Path, *outputs: str) -> None:
    """The key is nowhere below the directory and in no output."""
    for form in forms(key):
        for output in outputs:
            assert form not in output.encode()
        for name, data in files(directory).items():
            if "given" not in name:
                assert form not in data, name


def give(how: str, key: str, monkeypatch) -> list[str]:
    """The flags that give the key in that way."""
    monkeypatch.delenv("FLOWPLAN_PARAM_openai_key", raising=False)
    if how == "environment":
        monkeypatch.setenv("FLOWPLAN_PARAM_openai_key", key)
        return []
    if how == "flag":
        return ["-p", f"openai_key={key}"]
    if how == "file of its own":
        Path("given.txt").write_text(key)
        return ["-p", "openai_key=@given.txt"]
    if how == "params file":
        Path("given.json").write_text(json.dumps({"openai_key": key}))
        return ["--params-file", "given.json"]
    lines = "\n".join(f"  {line}" for line in key.split("\n"))
    Path("given.yaml").write_text(f"openai_key: |-\n{lines}\n")
    return ["--params-file", "given.yaml"]


WAYS = ["environment", "flag", "file of its own", "params file", "yaml params file"]


@pytest.mark.parametrize("how", WAYS)
def test_a_whole_life_leaves_no_trace_of_the_key(here, flowplan, tmp_path, monkeypatch, how):
    key = KEYS["plain"]
    write(here / "template.yaml", chat())
    given = give(how, key, monkeypatch)
    said = []
    for argv in (
        ("validate",), ("plan", "-v"), ("plan", "--format", "json", "--out", "p.plan"),
        ("show", "p.plan"), ("apply", "--plan", "p.plan", "-v"), ("show",), ("status", "--all"),
        ("plan", "-v"), ("state", "show", "create_connector_1"), ("show", "--format", "json"),
        ("graph", "--format", "json"), ("plan", "--endpoint", "http://127.0.0.1:1", "-v"),
        ("apply", "--nonsense"), ("destroy", "--auto-approve", "-v"),
    ):  # fmt: skip
        result = flowplan(*argv, *given)
        said += [result.out, result.err]
    assert flowplan("status", "--format", "json").json["state"] == "NOT_STARTED"
    clean(key, tmp_path, *said)


@pytest.mark.parametrize("kind", KEYS)
@pytest.mark.parametrize("how", ["environment", "flag", "params file"])
def test_keys_of_any_letters_stay_hidden(here, flowplan, tmp_path, monkeypatch, kind, how):
    key = KEYS[kind]
    write(here / "template.yaml", chat())
    given = give(how, key, monkeypatch)
    said = []
    for argv in (("plan", "--out", "p.plan"), ("apply", "--auto-approve", "--format", "json"), ("show",)):  # fmt: skip
        result = flowplan(*argv, *given)
        assert result.code == 0, result.err
        said += [result.out, result.err]
    clean(key, tmp_path, *said)


def test_a_literal_key_of_the_template_is_in_the_template_only(here, flowplan, tmp_path):
    template = json.loads(json.dumps(DOCUMENTED))
    inputs(template, "create_connector_1")["credential"]["openAI_key"] = KEYS["plain"]
    write(here / "given-template.yaml", template)
    said = []
    for argv in (
        ("validate",), ("plan", "-v"), ("plan", "--format", "json", "--out", "p.plan"),
        ("apply", "--auto-approve", "-v"), ("plan", "-v"), ("graph",),
        ("destroy", "--auto-approve"),
    ):  # fmt: skip
        result = flowplan(argv[0], "given-template.yaml", *argv[1:])
        assert result.code == 0, result.err
        said += [result.out, result.err]
    clean(KEYS["plain"], tmp_path, *said)


def test_errors_of_a_template_do_not_quote_its_literal_key(here, flowplan):
    template = json.loads(json.dumps(DOCUMENTED))
    credential = inputs(template, "create_connector_1")["credential"]
    credential["openAI_key"] = KEYS["plain"]
    for wrong in ([KEYS["plain"]], {"x": KEYS["plain"]}, f"${{{{ {KEYS['plain']} }}}}"):
        credential["openAI_key"] = wrong
        write(here / "template.yaml", template)
        for argv in (("validate",), ("validate", "--format", "json"), ("plan",)):
            result = flowplan(*argv)
            if isinstance(wrong, str):
                continue  # what stands between the braces is an expression, and shown as one
            assert KEYS["plain"] not in result.out + result.err


def test_a_credential_written_on_one_line_is_not_quoted_by_a_neighbours_error(here, flowplan):
    (here / "template.yaml").write_text(
        "name: x\nworkflows: {provision: {nodes: [{id: a, type: create_connector, user_inputs: "
        f"{{name: n, version: '1', protocol: http, credential: {{key: {KEYS['plain']}}}, "
        "actions: [], oops: 1, nmae: 2}}]}}\n"
    )
    for argv in (("validate", "--strict"), ("validate", "--strict", "--format", "json")):
        result = flowplan(*argv)
        assert result.code == 1
        assert KEYS["plain"] not in result.out + result.err


def test_a_syntax_error_beside_a_key_does_not_quote_it(here, flowplan):
    for text in (
        f"name: x\ncredential: {{openAI_key: {KEYS['plain']}\nworkflows: [\n",
        f'{{"name": "x", "credential": {{"openAI_key": "{KEYS["plain"]}" "b": 1}}}}',
        f"name: x\nworkflows:\n  credential:\n    openAI_key: '{KEYS['plain']}\n",
        f"name: x\nopenAI_key: {KEYS['plain']}: b\n",
    ):
        (here / "template.yaml").write_text(text)
        result = flowplan("validate")
        assert result.code == 1
        assert KEYS["plain"] not in result.out + result.err


def test_a_sensitive_param_inside_parameters_is_hidden(here, flowplan, tmp_path, monkeypatch):
    template = chat()
    inputs(template, "create_connector_1")["parameters"]["extra"] = "Bearer ${{ openai_key }}!"
    write(here / "template.yaml", template)
    monkeypatch.setenv("FLOWPLAN_PARAM_openai_key", KEYS["plain"])
    said = []
    for argv in (
        ("plan", "-v"), ("plan", "--format", "json", "--out", "p.plan"),
        ("apply", "--auto-approve", "-v"), ("plan", "-v", "--format", "json"), ("show",),
    ):  # fmt: skip
        result = flowplan(*argv)
        assert result.code == 0, result.err
        said += [result.out, result.err]
    kept = {name: data for name, data in files(here).items() if ".flowplan" not in name}
    assert kept
    for data in kept.values():
        assert KEYS["plain"].encode() not in data
    for text in said:
        assert KEYS["plain"] not in text


def test_a_changed_key_is_a_change_that_shows_neither(applied, flowplan, monkeypatch, tmp_path):
    monkeypatch.setenv("FLOWPLAN_PARAM_openai_key", KEYS["plain"])
    result = flowplan("plan", "--format", "json", "--detailed-exitcode")
    assert result.code == 2
    fields = [field for item in result.json["changes"] for field in item["fields"] if field["path"][:1] == ["credential"]]  # fmt: skip
    assert fields[0]["before"] == fields[0]["after"] == "(sensitive)"
    assert fields[0]["sensitive"] is True
    clean(KEYS["plain"], tmp_path, result.out, result.err)


def test_a_key_given_on_the_command_line_is_warned_of(project, flowplan, monkeypatch):
    monkeypatch.delenv("FLOWPLAN_PARAM_openai_key")
    result = flowplan("plan", "-p", f"openai_key={KEYS['plain']}")
    assert result.code == 0
    assert "warning[FP" in result.err


def test_a_key_in_a_sensitive_output_is_hidden(here, flowplan, tmp_path, monkeypatch):
    monkeypatch.setenv("FLOWPLAN_PARAM_openai_key", KEYS["plain"])
    write(here / "template.yaml", chat(outputs={"key": "x${{ openai_key }}y"}))
    said = []
    for argv in (("plan",), ("apply", "--auto-approve"), ("output",), ("status", "--all", "--format", "json")):  # fmt: skip
        result = flowplan(*argv)
        assert result.code == 0, result.err
        said += [result.out, result.err]
    clean(KEYS["plain"], tmp_path, *said)


def test_a_param_that_a_rule_refuses_is_not_quoted(here, flowplan, monkeypatch):
    for rule in ({"pattern": "^nothing$"}, {"enum": ["a"]}, {"type": "integer"}):
        spec = {"type": "string", "sensitive": True} | rule
        write(here / "template.yaml", chat(params={"openai_key": spec}))
        monkeypatch.setenv("FLOWPLAN_PARAM_openai_key", KEYS["plain"])
        for argv in (("validate",), ("plan", "--format", "json")):
            result = flowplan(*argv)
            assert result.code == 1
            assert KEYS["plain"] not in result.out + result.err


def test_the_password_of_an_endpoint_is_shown_and_kept_nowhere(
    project, flowplan, process, tmp_path
):
    child = process("sandbox", "serve", "--port", "0")
    url = child.stdout.readline().split()[-1].replace("http://", "http://admin:pw-5eed-pw@")
    said = []
    for argv in (
        ("plan", "-v"), ("plan", "--format", "json", "--out", "p.plan"),
        ("apply", "--auto-approve", "-v"), ("show",), ("status", "--all"),
        ("apply", "--auto-approve", "--parallelism", "none"), ("destroy",),
    ):  # fmt: skip
        result = flowplan(*argv, "--endpoint", url)
        said += [result.out, result.err]
    clean("pw-5eed-pw", tmp_path, *said)


def test_an_internal_error_writes_a_log_without_the_key(project, flowplan, tmp_path, monkeypatch):
    def broken(*_, **__):
        raise RuntimeError(f"broken with {KEYS['plain']}")

    monkeypatch.setattr("flowplan.cli.session.resolve", broken)
    result = flowplan("plan", "--format", "json")
    assert result.code == 70
    assert result.codes == ["FP900"]
    logs = list((tmp_path / "tmp").glob("flowplan-*.log"))
    assert len(logs) == 1
    assert str(logs[0]) in result.json["diagnostics"][0]["detail"]
    clean(KEYS["plain"], tmp_path, result.out, result.err)


class Quoting:
    """A cluster that refuses everything and quotes the request in its answer."""

    def __enter__(self):
        import http.server
        import threading

        class Handler(http.server.BaseHTTPRequestHandler):
            def answer(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
                found = {
                    "/": {"version": {"number": "3.6.0"}, "cluster_uuid": "u" * 22},
                    "/_cat/plugins": [{"component": "opensearch-ml"}],
                }.get(self.path.partition("?")[0])
                status = 200
                if found is None and self.path.endswith("_search") and "_create" not in self.path:
                    found = {"hits": {"total": {"value": 0, "relation": "eq"}, "hits": []}}
                elif found is None:
                    status = 400
                    reason = f"cannot parse {body}"
                    found = {"error": {"root_cause": [{"type": "x", "reason": reason}], "type": "x", "reason": reason}, "status": 400}  # fmt: skip
                data = json.dumps(found).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST = do_PUT = do_DELETE = answer  # noqa: N815

            def log_message(self, *_):
                """Nothing on stderr."""

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,))
        self.thread.start()
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def __exit__(self, *_):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.mark.parametrize("kind", KEYS)
@pytest.mark.parametrize("literal", [False, True], ids=["param", "literal"])
def test_a_cluster_that_quotes_the_key_in_its_error_does_not_make_it_known(
    here, flowplan, tmp_path, monkeypatch, kind, literal
):
    key = KEYS[kind]
    template = chat()
    if literal:
        if "${{" in key:
            pytest.skip("an expression is no literal")
        inputs(template, "create_connector_1")["credential"]["openAI_key"] = key
        del template["flowplan"]["params"]
        monkeypatch.delenv("FLOWPLAN_PARAM_openai_key")
    else:
        monkeypatch.setenv("FLOWPLAN_PARAM_openai_key", key)
    write(here / "given.yaml", template)
    said = []
    with Quoting() as url:
        for form in ("text", "json"):
            result = flowplan("apply", "given.yaml", "--auto-approve", "-v", "--endpoint", url, "--format", form)  # fmt: skip
            assert result.code == 1, result.err
            assert "cannot parse" in result.out + result.err
            said += [result.out, result.err]
        result = flowplan("status", "given.yaml", "--all", "--format", "json")
        said.append(result.out)
    clean(key, tmp_path, *said)


def test_an_empty_key_is_warned_of(applied, flowplan, monkeypatch):
    monkeypatch.setenv("FLOWPLAN_PARAM_openai_key", "")
    result = flowplan("plan", "--format", "json")
    assert "FP167" in [item["code"] for item in result.json["diagnostics"]]
    assert "warning[FP167]" in flowplan("plan").err
