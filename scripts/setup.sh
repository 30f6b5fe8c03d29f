#!/bin/sh
# Brings what everything else runs on: a pinned Node from npm, the locked
# packages, and bubblewrap. Does nothing that is done already.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"
NODE_PIN=24.21.0

say() { printf '%s\n' "$*" >&2; }
fail() {
  say "error: $1"
  say "hint: $2"
  exit 1
}

platform() {
  case "$(uname -s)" in Linux) os=linux ;; *) fail "vambrace runs on Linux" "elsewhere run it in a Linux container or virtual machine" ;; esac
  case "$(uname -m)" in x86_64) cpu=x64 ;; aarch64 | arm64) cpu=arm64 ;; *) fail "no Node is pinned for $(uname -m)" "use an x86_64 or arm64 machine" ;; esac
  printf '%s-%s' "$os" "$cpu"
}

bring_node() {
  node="$root/.node/bin/node"
  if [ -x "$node" ] && [ "$("$node" --version 2>/dev/null)" = "v$NODE_PIN" ]; then return; fi
  command -v npm >/dev/null 2>&1 || fail "npm is not on the PATH" "install Node 20 or newer with npm, then run this again"
  package="node-$(platform)"
  say "setup: fetching Node $NODE_PIN ($package)"
  rm -rf "$root/.node"
  mkdir -p "$root/.node"
  # In a folder of its own: the project's own manifest asks for Node 24 already.
  (cd "$root/.node" && printf '{"private":true}\n' >package.json &&
    npm install --ignore-scripts --no-audit --no-fund --no-package-lock --loglevel=error "$package@$NODE_PIN" >&2) ||
    fail "Node $NODE_PIN could not be installed from npm" "check that the npm registry can be reached: npm ping"
  mkdir -p "$root/.node/bin"
  ln -sf "../node_modules/$package/bin/node" "$node"
}

bring_packages() {
  stamp="$root/node_modules/.vambrace-lock"
  if [ -f "$stamp" ] && cmp -s package-lock.json "$stamp"; then return; fi
  say "setup: installing the locked packages"
  cli=$(npm_cli)
  if [ -n "$cli" ]; then "$root/.node/bin/node" "$cli" ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2 || failed_packages
  else npm ci --engine-strict=false --ignore-scripts --no-audit --no-fund --loglevel=error >&2 || failed_packages; fi
  cp package-lock.json "$stamp"
}

failed_packages() { fail "the locked packages could not be installed" "check that the npm registry can be reached: npm ping"; }

# npm's own program file, so that it runs on the pinned Node.
npm_cli() {
  npm_bin=$(command -v npm || true)
  [ -n "$npm_bin" ] || return 0
  real=$(readlink -f "$npm_bin")
  case "$real" in *.js) printf '%s' "$real" ;; esac
}

bring_bubblewrap() {
  if command -v bwrap >/dev/null 2>&1; then return; fi
  if command -v apt-get >/dev/null 2>&1; then
    command="apt-get install -y --no-install-recommends bubblewrap"
    if [ "$(id -u)" = 0 ]; then runner=""
    elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then runner="sudo -n"
    else
      say "warning: bubblewrap is missing: no command, file tool or skill can run without it"
      say "hint: type: sudo $command"
      return
    fi
    say "setup: installing bubblewrap"
    # shellcheck disable=SC2086 -- words on purpose
    if { $runner env DEBIAN_FRONTEND=noninteractive $command || { $runner apt-get update && $runner env DEBIAN_FRONTEND=noninteractive $command; }; } >"$root/.node/apt.log" 2>&1; then return; fi
    say "warning: bubblewrap could not be installed: $(tail -n 1 "$root/.node/apt.log")"
    say "hint: type: sudo $command"
    return
  fi
  say "warning: bubblewrap is missing: no command, file tool or skill can run without it"
  say "hint: install the package bubblewrap: dnf install bubblewrap, pacman -S bubblewrap, or apk add bubblewrap"
}

bring_node
bring_packages
bring_bubblewrap
