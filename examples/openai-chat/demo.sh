#!/bin/sh
# The whole life of this example on a sandbox: plan, apply, status, a prediction, destroy.
# Needs flowplan and python on PATH; works in a directory of its own and leaves nothing behind.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
server=
# shellcheck disable=SC2317 # called by the trap
leave() {
    [ -z "$server" ] || kill "$server" 2>/dev/null || true
    rm -rf "$work"
}
trap leave EXIT
trap 'exit 130' INT TERM
cp "$here/template.yaml" "$work/"
cd "$work"

say() { printf '\n\033[1m%s\033[0m\n' "$1"; }
[ -t 1 ] || say() { printf '\n%s\n' "$1"; }
run() {
    say "\$ $*"
    "$@"
}

flowplan sandbox serve --port 0 --endpoint "sandbox:$work/sandbox.db" >listening 2>sandbox.log &
server=$!
tries=0
until grep -q listening listening; do
    tries=$((tries + 1))
    if [ "$tries" -gt 100 ] || ! kill -0 "$server" 2>/dev/null; then
        cat sandbox.log >&2
        exit 1
    fi
    sleep 0.1
done
endpoint=$(sed -n 's/^listening on //p' listening)

# A cluster's address and a secret, as a pipeline would give them.
export FLOWPLAN_ENDPOINT="$endpoint"
export FLOWPLAN_PARAM_openai_key=not-a-real-key

printf 'A sandbox cluster listens on %s.\n' "$endpoint"
run flowplan plan --out review.plan
run flowplan apply --plan review.plan
run flowplan status
model=$(flowplan output model_id)
cp "$here/../predict.py" .
run python3 predict.py "$endpoint" "$model" "What is flowplan?"
run flowplan plan
run flowplan destroy --auto-approve
run flowplan status
