/** Checks of persons, roles, and whose words files count as. @module */
import { type Check, type Family, setting, shown } from "../check.ts";
import type { Installation } from "../installation.ts";
import { need } from "../known.ts";

const MANY = 5;

const people = (at: Installation) => Object.entries(need(at.effective).settings.people);
const folders = (at: Installation) => need(at.effective).settings.folders;
const STRONG: ReadonlySet<string> = new Set(["execute_commands", "manage_config", "manage_skills", "pay", "automate"]);
const DOWNLOADS = /(?:^|\/)(?:Downloads?|tmp|temp|Desktop|clones?|mail|inbox|attachments|node_modules|vendor)(?:\/|$)/i;

const persons: readonly Check[] = [
  {
    id: "people.full.several",
    severity: "high",
    title: "more than one person has full trust",
    why: "Each is the owner in everything: what any of them pastes designates.",
    fix: "give the others `elevated` or `standard`",
    references: ["LLM06", "ASI03", "CWE-269"],
    look: (at) =>
      people(at)
        .filter(([id, { trust }]) => trust === "full" && id !== "owner")
        .map(([id]) => id),
  },
  {
    id: "people.elevated.many",
    severity: "low",
    title: `more than ${MANY} persons have elevated trust`,
    why: "Access is for those who need it; so many are hard to keep an eye on.",
    fix: "give those `standard` who do not need more",
    references: ["ASI03", "CWE-272"],
    look(at) {
      const found = people(at).filter(([, { trust }]) => trust === "elevated");
      return found.length > MANY ? [`${found.length}: ${found.map(([id]) => id).join(", ")}`] : [];
    },
  },
  {
    id: "people.admins",
    severity: "medium",
    title: "somebody beside the owner is an administrator",
    why: "He may change the configuration, tokens and persons.",
    fix: "give `developer`, or a role of your own with what is needed",
    references: ["ASI03", "CWE-269"],
    look: (at) =>
      people(at)
        .filter(([id, { roles }]) => id !== "owner" && (roles.includes("admin") || roles.includes("owner")))
        .map(([id]) => id),
  },
  {
    id: "people.no-trust-with-role",
    severity: "medium",
    title: "somebody without trust has a role",
    why: "One of the two is a mistake: trust `none` is for strangers.",
    fix: "take the roles away, or say how far he is trusted",
    references: ["ASI03", "CWE-266"],
    look: (at) =>
      people(at)
        .filter(([, { trust, roles }]) => trust === "none" && roles.length > 0)
        .map(([id]) => id),
  },
  {
    id: "people.owner.weakened",
    severity: "low",
    title: "the owner does not have full trust",
    why: "Somebody else decides what only an owner can.",
    fix: "write `people.owner.trust: full`, or take the entry out",
    references: ["CWE-266"],
    look: (at) =>
      people(at)
        .filter(([id, { trust }]) => id === "owner" && trust !== "full")
        .map(([, { trust }]) => `owner: ${trust}`),
    mend: () => [{ op: "set", path: "people.owner.trust", value: "full" }],
  },
];

const roles: readonly Check[] = [
  {
    id: "people.roles.broad",
    severity: "medium",
    title: "a role of your own may nearly everything",
    why: "Who is given it for one thing gets all.",
    fix: "take out what is not needed",
    references: ["LLM06", "ASI03", "CWE-272"],
    look: (at) =>
      Object.entries(need(at.effective).settings.roles).flatMap(([name, permissions]) => {
        const strong = permissions.filter((one) => STRONG.has(one));
        return strong.length > 2 ? [`${name}: ${strong.join(", ")}`] : [];
      }),
  },
  {
    id: "people.roles.unused",
    severity: "info",
    title: "nobody has a role that is defined",
    why: "It waits for whoever is given it by mistake.",
    fix: "take it out",
    references: ["CWE-1059"],
    look(at) {
      const used = new Set(people(at).flatMap(([, one]) => one.roles));
      return Object.keys(need(at.effective).settings.roles).filter((name) => !used.has(name));
    },
  },
];

export const whose: Family = {
  name: "people",
  says: "persons, roles, and whose words files count as",
  checks: [
    ...persons,
    ...roles,
    setting({
      id: "folders.downloads.trusted",
      severity: "high",
      title: "a folder of downloads, mail or temporary files has trust",
      why: "What strangers put there counts as the words of somebody trusted, and gives orders.",
      fix: "write `trust: none` for it",
      references: ["LLM01", "ASI01", "AML.T0051", "CWE-501"],
      keys: ["folders[]"],
      bad: (value) => {
        const folder = folderIn(value);
        return folder !== null && folder.trust !== "none" && DOWNLOADS.test(folder.path)
          ? `${folder.path} has ${folder.trust}`
          : null;
      },
    }),
    {
      id: "folders.full",
      severity: "low",
      title: "files whose writer nobody recorded count as the owner's own words",
      why: "Everything that ever got into that folder, a clone or an unpacked archive, gives orders.",
      fix: "write `trust: none`, or keep only your own files there",
      references: ["LLM01", "ASI01", "AML.T0051", "CWE-501"],
      look: (at) =>
        folders(at)
          .filter(({ trust, path }) => (trust === "full" || trust === "elevated") && !DOWNLOADS.test(path))
          .map(({ path, trust }) => `${path}: ${trust}`),
    },
    {
      id: "folders.public",
      severity: "low",
      title: "files of a folder may be told to anybody",
      why: "Nothing asks before they leave.",
      fix: "take `confidentiality: public` out where the folder is not published",
      references: ["LLM02", "AML.T0057", "CWE-200"],
      look: (at) =>
        folders(at)
          .filter(({ confidentiality }) => confidentiality === "public")
          .map(({ path }) => path),
    },
  ],
};

function folderIn(value: unknown): { readonly path: string; readonly trust: string } | null {
  if (typeof value !== "object" || value === null || !("path" in value)) return null;
  const trust = "trust" in value ? value.trust : "none";
  return { path: shown(String(value.path)), trust: typeof trust === "string" ? trust : "none" };
}
