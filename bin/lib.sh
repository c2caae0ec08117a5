# shellcheck shell=bash
# Shared by the commands beside it: they run in the project's root, with its tools on the PATH.

cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit
root=$PWD

export PATH="$root/target/tools/node_modules/.bin:${CARGO_HOME:-$HOME/.cargo}/bin:$PATH"
# The commands look for what cargo makes in target/, wherever the caller keeps other builds.
export CARGO_TARGET_DIR="$root/target"
# Compiled into the server. cargo-leptos sets it too: were it missing here, each would rebuild the other's work.
export LEPTOS_OUTPUT_NAME=satchel

say() { printf '%s\n' "$@"; }

fail() {
  say "$*" >&2
  exit 1
}

has() { command -v "$1" >/dev/null; }
