#!/bin/sh
# Draws docs/run.svg anew: a real run on a sandbox, on a terminal of 80 columns, in colour.
# Called by `make picture`; needs flowplan and its python on PATH.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$here/../examples/openai-chat/template.yaml" "$work/"
cd "$work"

unset CI NO_COLOR FORCE_COLOR
export COLUMNS=80 LINES=100 TERM=xterm-256color
export FLOWPLAN_ENDPOINT=sandbox: FLOWPLAN_PARAM_openai_key=not-a-real-key

say() { printf '\033[1;36m$\033[0m \033[1m%s\033[0m\n' "$1"; }
# A terminal of its own, since a pipe gets neither colour nor folded lines.
run() {
    say "$*"
    python -c 'import pty, sys; pty.spawn(sys.argv[1:])' "$@"
}

{
    # The answer comes when the question stands there, so that it is echoed behind it.
    (sleep 4; echo yes) | run flowplan apply
    echo
    change="s/model: gpt-3.5-turbo/model: gpt-4o/"
    say "sed -i '$change' template.yaml"
    sed "$change" template.yaml >changed.yaml
    mv changed.yaml template.yaml
    run flowplan plan </dev/null
} >recorded

python -m flowplan.render.picture "$here/run.svg" <recorded
