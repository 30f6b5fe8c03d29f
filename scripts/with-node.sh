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
# The gateway keeps its heap small; measured, this costs no decision any time (npm run bench). Commands end soon.
case "$file" in
src/cli/main.ts)
  case "${1:-}" in start) young=1 ;; *) young=4 ;; esac
  set -- --max-semi-space-size="$young" "$root/$file" "$@"
  # What the engine takes while it reads code goes back to the system, not into a pool of the C library.
  MALLOC_MMAP_THRESHOLD_=32768
  MALLOC_TRIM_THRESHOLD_=32768
  export MALLOC_MMAP_THRESHOLD_ MALLOC_TRIM_THRESHOLD_
  ;;
*) set -- "$root/$file" "$@" ;;
esac
exec node "$@"
