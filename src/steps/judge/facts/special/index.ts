/**
 * Readers for programs whose arguments are a language of their own, or mean
 * something else in one form.
 *
 * @module
 */
import { awk } from "./awk.ts";
import { archive, compiler, copy, media, modes, sevenzip, unpack, zip } from "./change.ts";
import { find } from "./find.ts";
import { perl, rename } from "./perl.ts";
import { curl, lookup, netcat, openssl, wget } from "./reach.ts";
import { sed } from "./sed.ts";
import { shell } from "./shell.ts";
import {
  count,
  date,
  grep,
  identity,
  ls,
  manual,
  names,
  paged,
  pager,
  plain,
  sequence,
  showOnly,
  split,
  tee,
  temporary,
  top,
  translate,
  treeOf,
  which,
} from "./show.ts";
import { crontab, elevate, flock, joinedWords, named, setarch } from "./starts.ts";
import { tar } from "./tar.ts";
import { dd, git, ssh } from "./tools.ts";
import { env, xargs } from "./wrappers.ts";
import type { Special } from "./special.ts";

export const SPECIAL: ReadonlyMap<string, Special> = new Map<string, Special>([
  ["archive", archive],
  ["awk", awk],
  ["compiler", compiler],
  ["copy", copy],
  ["crontab", crontab],
  ["curl", curl],
  ["date", date],
  ["dd", dd],
  ["elevate", elevate],
  ["env", env],
  ["find", find],
  ["flock", flock],
  ["git", git],
  ["grep", grep],
  ["joined", joinedWords],
  ["lookup", lookup],
  ["ls", ls],
  ["media", media],
  ["modes", modes],
  ["named", named],
  ["names", names],
  ["netcat", netcat],
  ["openssl", openssl],
  ["paged", paged],
  ["pager", pager],
  ["perl", perl],
  ["plain", plain],
  ["rename", rename],
  ["sed", sed],
  ["setarch", setarch],
  ["sevenzip", sevenzip],
  ["shell", shell],
  ["showOnly", showOnly],
  ["split", split],
  ["ssh", ssh],
  ["tar", tar],
  ["temporary", temporary],
  ["top", top],
  ["unpack", unpack],
  ["wget", wget],
  ["which", which],
  ["xargs", xargs],
  ["zip", zip],
  ["count", count],
  ["identity", identity],
  ["manual", manual],
  ["tee", tee],
  ["translate", translate],
  ["tree", treeOf],
  ["sequence", sequence],
]);
