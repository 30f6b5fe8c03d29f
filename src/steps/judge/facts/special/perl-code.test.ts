import assert from "node:assert/strict";
import { test } from "node:test";
import { onlyComputes, onlySubstitutes } from "./perl-code.ts";

const CODE = [
  'print "$a[system(1)]"',
  'print "@{[system(1)]}"',
  'time / system("id") / 2',
  'length / print("x") /i',
  '@ARGV=("id|");while(<>){}',
  'push @ARGV, "id|"; <>',
  "$ENV{PATH}=1",
  "print `id`",
  "print <<`id`",
  "qx(id)",
  "s/a/id/e",
  "s/a/b/ee",
  "s{a}{id}e",
  "s/a/@{[`id`]}/",
  "s/a/$x[`id`]/",
  "s/(?{system(1)})/b/",
  "print if /(?{system(1)})/",
  'open(F,"x")',
  "print <*.c>",
  "print <F>",
  "&$x",
  "$x->y",
  "eval{1}",
  'require "x"',
  "x".repeat(1000),
];
for (const text of CODE) {
  test(`R-EXEC-2: \`${text.slice(0, 40)}\` counts as code`, () => {
    assert.equal(onlyComputes(text) || onlySubstitutes(text), false);
  });
}

const COMPUTES = [
  '$sum+=$F[1];END{print "$sum\\n"}',
  "print if ( !eof  )",
  "push @l, $_; print shift @l if @l > 3",
  "print $1 if m/\\.([^.\\/]+)$/",
  '($y,$f)=split; print "$f\\n" unless $y eq $x; $x=$y',
  "s/jpg$/jpeg/i",
  "s|a|b|g; s/(x)/$1$1/",
];
for (const text of COMPUTES) {
  test(`R-EXEC-2: \`${text}\` only computes`, () => {
    assert.equal(onlyComputes(text) || onlySubstitutes(text), true);
  });
}
