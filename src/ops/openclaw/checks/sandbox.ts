/** The box that OpenClaw puts commands into, where it does. @module */
import { isObject } from "../../../core/json.ts";
import type { OpenClawFamily, Place } from "../check.ts";
import { type Effective, has, RUNTIME } from "../effective.ts";
import { listAt, objectAt, textAt } from "../values.ts";

const RISKY_BIND =
  /^(\/|\/etc|\/proc|\/sys|\/dev|\/root|\/home|\/var|\/boot|\/run|\/usr)(\/[^/:]*)?(:|$)|docker\.sock|podman\.sock|\/\.(ssh|aws|gnupg|kube|docker|config|openclaw)(\/|:|$)/;

/** Settings of `sandbox`, of the defaults and of each agent, with the place. */
function sandboxes({
  config,
}: Effective): readonly { readonly place: string; readonly value: ReturnType<typeof objectAt> }[] {
  const agents = Object.entries(objectAt(config, "agents.entries"));
  return [
    { place: "agents.defaults.sandbox", value: objectAt(config, "agents.defaults.sandbox") },
    ...agents.map(([id, own]) => ({ place: `agents.entries.${id}.sandbox`, value: objectAt(own, "sandbox") })),
  ];
}

function binds(at: Effective): readonly { readonly place: string; readonly bind: string }[] {
  return sandboxes(at).flatMap(({ place, value }) =>
    [...listAt(value, "docker.binds"), ...listAt(value, "browser.binds")].map((bind) => ({ place, bind })),
  );
}

function profiles(at: Effective, key: string): readonly Place[] {
  return sandboxes(at).flatMap(({ place, value }) =>
    textAt(value, `docker.${key}`) === "unconfined" ? [`${place}.docker.${key}: unconfined`] : [],
  );
}

export const sandbox: OpenClawFamily = {
  name: "sandbox",
  checks: [
    {
      id: "vambrace.sandbox.off",
      severity: "critical",
      title: "commands run on the host, not in a sandbox",
      why: "What a stranger's text makes the agent run has the files, keys and network of the user. OpenClaw's default is off.",
      fix: "set agents.defaults.sandbox.mode to all",
      references: ["LLM06", "ASI05", "CWE-653"],
      look: (at) =>
        at.agents.filter((one) => one.sandboxed === "off" && has(one, ...RUNTIME)).map((one) => `agent ${one.id}`),
    },
    {
      id: "vambrace.sandbox.main_outside",
      severity: "high",
      title: "the main session is outside the sandbox",
      why: "Mail, pages and files are read there as anywhere else.",
      fix: "set agents.defaults.sandbox.mode to all",
      references: ["LLM01", "CWE-653"],
      look: (at) => at.agents.filter((one) => one.sandboxed === "non-main").map((one) => `agent ${one.id}: non-main`),
    },
    {
      id: "sandbox.docker_config_mode_off",
      severity: "medium",
      title: "a sandbox is described and not used",
      why: "It looks as if commands were contained.",
      fix: "set sandbox.mode to all",
      references: ["CWE-1188"],
      look: (at) =>
        sandboxes(at)
          .filter(({ value }) => isObject(value["docker"] ?? null) && (textAt(value, "mode") ?? "off") === "off")
          .map(({ place }) => place),
    },
    {
      id: "sandbox.bind_mount_non_absolute",
      severity: "medium",
      title: "a mount is a relative path",
      why: "What it means depends on where the gateway was started.",
      fix: "write the absolute path",
      references: ["CWE-426"],
      look: (at) =>
        binds(at)
          .filter(({ bind }) => !bind.startsWith("/"))
          .map(({ place, bind }) => `${place}: ${bind}`),
    },
    {
      id: "sandbox.dangerous_bind_mount",
      severity: "critical",
      title: "the sandbox holds system folders, credentials or a container socket",
      why: "With them what runs inside is outside.",
      fix: "take the mount away",
      references: ["ASI05", "CWE-552", "CWE-250"],
      look: (at) =>
        binds(at)
          .filter(({ bind }) => RISKY_BIND.test(bind))
          .map(({ place, bind }) => `${place}: ${bind}`),
    },
    {
      id: "sandbox.dangerous_network_mode",
      severity: "critical",
      title: "the sandbox shares a network that is not its own",
      why: "It reaches what listens on this machine, the gateway too.",
      fix: "set docker.network to none",
      references: ["ASI05", "CWE-668"],
      look: (at) =>
        sandboxes(at).flatMap(({ place, value }) => {
          const network = textAt(value, "docker.network");
          return network === "host" || network?.startsWith("container:") === true
            ? [`${place}.docker.network: ${network}`]
            : [];
        }),
    },
    {
      id: "sandbox.dangerous_seccomp_profile",
      severity: "critical",
      title: "system calls are not filtered",
      why: "The kernel's whole surface is open to what runs inside.",
      fix: "unset docker.seccompProfile",
      references: ["ASI05", "CWE-693"],
      look: (at) => profiles(at, "seccompProfile"),
    },
    {
      id: "sandbox.dangerous_apparmor_profile",
      severity: "critical",
      title: "the profile of the kernel is off",
      why: "One wall less between what runs inside and the machine.",
      fix: "unset docker.apparmorProfile",
      references: ["ASI05", "CWE-693"],
      look: (at) => profiles(at, "apparmorProfile"),
    },
    {
      id: "vambrace.sandbox.network_open",
      severity: "high",
      title: "the sandbox reaches every address",
      why: "There is no list of destinations: what is read inside can go anywhere.",
      fix: "set docker.network to none",
      references: ["LLM02", "CWE-923"],
      look: (at) =>
        sandboxes(at).flatMap(({ place, value }) => {
          const network = textAt(value, "docker.network");
          return network !== null && network !== "none" ? [`${place}.docker.network: ${network}`] : [];
        }),
    },
    {
      id: "vambrace.sandbox.shared",
      severity: "medium",
      title: "sessions share one sandbox",
      why: "What one person's session left lies before the next one's.",
      fix: "set sandbox.scope to session",
      references: ["CWE-668"],
      look: (at) =>
        sandboxes(at).flatMap(({ place, value }) =>
          textAt(value, "scope") === "shared" ? [`${place}.scope: shared`] : [],
        ),
    },
  ],
};
