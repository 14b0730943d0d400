#!/bin/sh
# Draws docs/images/plan-40.svg anew: the plan of forty changes, on a terminal of 80 columns.
# Called by `make picture`; needs flowplan and its python on PATH.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

unset CI NO_COLOR FORCE_COLOR
export COLUMNS=80 LINES=400 TERM=xterm-256color
export FLOWPLAN_ENDPOINT=sandbox: FLOWPLAN_PARAM_service_key=not-a-real-key

cp "$here/../tests/cases/forty-before.yaml" template.yaml
flowplan apply --auto-approve --quiet >applied
cp "$here/../tests/cases/forty.yaml" template.yaml
{
    printf '\033[1;36m$\033[0m \033[1m%s\033[0m\n' "flowplan plan"
    # A terminal of its own, since a pipe gets neither colour nor folded lines.
    python -c 'import pty, sys; pty.spawn(sys.argv[1:])' flowplan plan </dev/null
} >recorded

mkdir -p "$here/images"
python -m flowplan.render.picture "$here/images/plan-40.svg" <recorded
