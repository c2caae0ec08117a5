# shellcheck shell=bash
# Shared by the scripts in bin/. They run in the root of the project, with its tools on the PATH.

cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit
root=$PWD

export PATH="$root/target/tools/node_modules/.bin:${CARGO_HOME:-$HOME/.cargo}/bin:$PATH"
# The scripts expect the output of cargo in target/, whatever CARGO_TARGET_DIR says.
export CARGO_TARGET_DIR="$root/target"
# Compiled into the server. cargo-leptos sets it too; without it, cargo and cargo-leptos would rebuild each other's output.
export LEPTOS_OUTPUT_NAME=satchel

say() { printf '%s\n' "$@"; }

fail() {
  say "$*" >&2
  exit 1
}

has() { command -v "$1" >/dev/null; }
