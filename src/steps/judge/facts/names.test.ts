import assert from "node:assert/strict";
import { test } from "node:test";
import { asked, fakeFinder } from "./testing.ts";

const find = fakeFinder();
const ALLOW = ["ls", "cat", "echo", "printf", "git status", "sleep", "uname", "wc", "bash", "jobs"];

/** Whether it would run unasked: nothing in it is opaque, and all of it is on the list. */
async function passes(command: string): Promise<boolean> {
  const { opaque, unlisted } = await find(command, asked(ALLOW));
  return opaque.length === 0 && unlisted.length === 0;
}

/** Each of these runs `make` in bash 5.2. */
const RUN: readonly string[] = [
  "a='b[$(make)]'; x[a]=1",
  "a='b[$(make)]'; x=([a]=1)",
  "a='b[$(make)]'; x+=([a]=1)",
  "a='b[$(make)]'; declare -a x=([a]=1)",
  "a='b[$(make)]'; declare x[a]=1",
  "a='b[$(make)]'; read 'x[a]' <<< 1",
  "a='b[$(make)]'; printf -v x[a] 1",
  "a='b[$(make)]'; exec {x[a]}>/dev/null",
  "a='b[$(make)]'; sleep 0 & wait -n -p x[a]",
  "a='b[$(make)]'; c=a; echo $((c))",
  "a='b[$(make)]'; c=a; [[ c -lt 3 ]]",
  "set -- 'b[$(make)]'; echo $(($1))",
  "f() { (( $1 > 0 )); }; f 'b[$(make)]'",
  "a='y[$(make)]'; echo ${!a}",
  "echo $(( $(cat notes.md) + 1 ))",
  "x=$(uname); Linux='b[$(make)]'; echo $((x))",
  "declare -i n; n='b[$(make)]'",
  "declare -i n; read n < notes.md",
  "declare -i n; for n in 'b[$(make)]'; do ls; done",
  "f() { local -i n; n='b[$(make)]'; }; f",
  "RANDOM='b[$(make)]'; ls",
  "for SECONDS in 'b[$(make)]'; do ls; done",
  "PS4='$(make)'; set -x; ls",
  "PS4+='`make`'; set -x; ls",
  "read PS4 < notes.md; set -x; ls",
  "trap \"PS4='\\$(make)'; set -x; ls\" EXIT",
  "x='$(make)'; echo \"${x@P}\"",
  'echo "${zz:=\\$(make)}" "${zz@P}"',
  "(declare -A m); k='b[$(make)]'; echo ${m[$k]}",
  "f() { declare -A m; }; f; k='b[$(make)]'; echo ${m[$k]}",
  "m=(1); declare -A m; k='b[$(make)]'; echo ${m[$k]}",
  "declare -A m; unset m; k='b[$(make)]'; echo ${m[$k]}",
  "declare -A m; k='b[$(make)]'; bash -c 'echo ${m[$k]}'",
  "[ -f x ] && declare -A m; k='b[$(make)]'; echo ${m[$k]}",
  "declare -A m; f() { local -a m; k='b[$(make)]'; echo ${m[$k]}; }; f",
  "declare -A m; f() { local m; m=1; k='b[$(make)]'; echo ${m[$k]}; }; f",
  "jobs -x make",
  "hash -p ./make ls; ls",
  "builtin hash -rp ./make ls; ls",
];

for (const command of RUN) {
  test(`R-EXEC-2: a value that bash would run is not passed over in \`${command}\``, async () => {
    assert.equal(await passes(command), false);
  });
}

const OBEYED: readonly string[] = [
  "set -a; LD_PRELOAD=./x.so; ls",
  "set -o allexport; LD_PRELOAD=./x.so; ls",
  "set -k; ls LD_PRELOAD=./x.so",
  "declare -x LD_PRELOAD=./x.so; ls",
  "f() { local -x LD_PRELOAD=./x.so; ls; }; f",
  "HOME=.; git status",
  "for HOME in .; do git status; done",
  "read HOME <<< .; git status",
];

for (const command of OBEYED) {
  test(`R-EXEC-2: what programs would obey speaks against \`${command}\``, async () => {
    assert.equal(await passes(command), false);
  });
}

const HARMLESS: readonly string[] = [
  "i=2; x[i]=1; x=([0]=a [i]=b); echo ${x[i]} ${x[@]:1}",
  "declare -A m; m[key]=1; echo ${m[key]}",
  "declare -A m=([a]=1); for k in $(cat notes.md); do m[x]=2; echo ${m[$k]}; done",
  "declare -i n=1; n+=2; echo $n",
  "n=$(wc -l < notes.md); echo $((n + 1))",
  "total=0; for f in *.md; do n=$(wc -l < $f); total=$((total + n)); done; echo $total",
  "a=1; c=a; echo $((c))",
  "set -- 3 4; echo $(($1 + $2))",
  "f() { echo $(($1)); }; f 5",
  "a=HOME; echo ${!a}",
  "SECONDS=0; ls; echo $SECONDS",
  "PS4='+ '; set -x; ls",
  "x=a; echo ${x@Q} ${x@P}",
  "set -euo pipefail; ls",
  "set -- -a; echo $1",
  "hash -r; jobs -l; ls",
  "sleep 1 & wait $!",
  "TZ=UTC; LANG=C; ls",
  "exec {fd}>/dev/null; ls >&$fd",
];

for (const command of HARMLESS) {
  test(`R-EXEC-2: nothing speaks against \`${command}\``, async () => {
    const { opaque, unlisted } = await find(command, asked(ALLOW));
    assert.deepEqual({ opaque, unlisted }, { opaque: [], unlisted: [] });
  });
}
