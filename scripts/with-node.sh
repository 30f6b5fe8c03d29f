#!/bin/sh
# Runs one of the project's programs on the pinned Node, after set-up.
# usage: sh scripts/with-node.sh FILE [ARGUMENT ...]
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
sh "$root/scripts/setup.sh"
file=$1
shift
PATH="$root/.node/bin:$root/node_modules/.bin:$PATH"
NODE_COMPILE_CACHE="$root/.cache/compile"
export PATH NODE_COMPILE_CACHE
exec node "$root/$file" "$@"
