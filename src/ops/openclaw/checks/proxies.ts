/** Who else says who somebody is, and which devices come along. @module */
import type { JsonValue } from "../../../core/json.ts";
import type { OpenClawFamily, Place } from "../check.ts";
import { at as valueAt, listAt, objectAt, textAt } from "../values.ts";

const DANGEROUS_NODE =
  /^(camera\.|screen\.record|contacts\.add|calendar\.add|reminders\.add|health\.summary|sms\.|desktop\.|\*)/;

const on = (where: string, value: JsonValue | undefined): readonly Place[] =>
  value === true ? [`${where} is true`] : [];

export const proxies: OpenClawFamily = {
  name: "proxies",
  checks: [
    {
      id: "gateway.trusted_proxy_auth",
      severity: "high",
      title: "a proxy says who somebody is",
      why: "Who reaches the port without the proxy is whoever he says.",
      fix: "make sure that nothing but the proxy reaches the port; name its addresses, header and users",
      references: ["CWE-290"],
      look: (at) => (at.gateway.auth === "trusted-proxy" ? ["gateway.auth.mode: trusted-proxy"] : []),
    },
    {
      id: "gateway.trusted_proxy_no_proxies",
      severity: "critical",
      title: "a proxy is trusted, and none is named",
      why: "Then everybody is the proxy.",
      fix: "set gateway.trustedProxies",
      references: ["CWE-290"],
      look: (at) =>
        at.gateway.auth === "trusted-proxy" && listAt(at.config, "gateway.trustedProxies").length === 0
          ? ["gateway.trustedProxies: empty"]
          : [],
    },
    {
      id: "gateway.trusted_proxy_no_user_header",
      severity: "critical",
      title: "a proxy is trusted, and no header names the user",
      why: "Nobody is told apart.",
      fix: "set gateway.auth.trustedProxy.userHeader",
      references: ["CWE-290"],
      look: (at) =>
        at.gateway.auth === "trusted-proxy" && textAt(at.config, "gateway.auth.trustedProxy.userHeader") === null
          ? ["gateway.auth.trustedProxy.userHeader: unset"]
          : [],
    },
    {
      id: "gateway.trusted_proxy_no_allowlist",
      severity: "medium",
      title: "every user of the proxy is accepted",
      why: "An account at the provider is enough to be the owner here.",
      fix: "set gateway.auth.trustedProxy.allowUsers",
      references: ["CWE-863"],
      look: (at) =>
        at.gateway.auth === "trusted-proxy" && listAt(at.config, "gateway.auth.trustedProxy.allowUsers").length === 0
          ? ["gateway.auth.trustedProxy.allowUsers: empty"]
          : [],
    },
    {
      id: "gateway.trusted_proxy_allow_loopback",
      severity: "medium",
      title: "a program of this machine may be the proxy",
      why: "Each of them can say who it is.",
      fix: "unset gateway.auth.trustedProxy.allowLoopback",
      references: ["CWE-290"],
      look: (at) =>
        on("gateway.auth.trustedProxy.allowLoopback", valueAt(at.config, "gateway.auth.trustedProxy.allowLoopback")),
    },
    {
      id: "gateway.trusted_proxy_device_auto_approve",
      severity: "high",
      title: "devices are approved by themselves",
      why: "Nobody sees who comes in.",
      fix: "unset gateway.auth.trustedProxy.deviceAutoApprove.enabled",
      references: ["CWE-862"],
      look: (at) =>
        on("deviceAutoApprove.enabled", valueAt(at.config, "gateway.auth.trustedProxy.deviceAutoApprove.enabled")),
    },
    {
      id: "gateway.trusted_proxy_device_auto_approve_admin",
      severity: "critical",
      title: "devices become administrators by themselves",
      why: "Who gets past the proxy owns the gateway.",
      fix: "take operator.admin out of deviceAutoApprove.scopes",
      references: ["CWE-269"],
      look: (at) =>
        listAt(at.config, "gateway.auth.trustedProxy.deviceAutoApprove.scopes").filter(
          (one) => one === "operator.admin",
        ),
    },
  ],
};

export const devices: OpenClawFamily = {
  name: "devices",
  checks: [
    {
      id: "gateway.nodes.allow_commands_dangerous",
      severity: "high",
      title: "devices may be made to record, send or change things",
      why: "Camera, screen, messages and contacts of a person are one hijacked turn away.",
      fix: "take these names out of gateway.nodes.commands.allow",
      references: ["LLM06", "CWE-250"],
      look: (at) => listAt(at.config, "gateway.nodes.commands.allow").filter((name) => DANGEROUS_NODE.test(name)),
    },
    {
      id: "gateway.nodes.deny_commands_ineffective",
      severity: "medium",
      title: "an entry denies nothing",
      why: "Commands are compared whole; a pattern never matches one.",
      fix: "write exact names of commands",
      references: ["CWE-184"],
      look: (at) => listAt(at.config, "gateway.nodes.commands.deny").filter((name) => /[*?\s]/.test(name)),
    },
    {
      id: "vambrace.gateway.nodes_ssh_verify",
      severity: "medium",
      title: "a device whose key can be read over SSH is approved by itself",
      why: "Who controls that machine's key file comes in without a person.",
      fix: "set gateway.nodes.pairing.sshVerify to false",
      references: ["CWE-862"],
      look: (at) => {
        const value = valueAt(at.config, "gateway.nodes.pairing.sshVerify");
        return value === false
          ? []
          : [`gateway.nodes.pairing.sshVerify: ${value === undefined ? "on by default" : "on"}`];
      },
    },
    {
      id: "vambrace.gateway.nodes_auto_approve_networks",
      severity: "high",
      title: "devices of whole networks are approved by themselves",
      why: "An address is no identity.",
      fix: "unset gateway.nodes.pairing.autoApproveCidrs",
      references: ["CWE-290"],
      look: (at) => listAt(at.config, "gateway.nodes.pairing.autoApproveCidrs"),
    },
    {
      id: "vambrace.gateway.update_of_nodes",
      severity: "low",
      title: "devices update themselves",
      why: "What they run changes without anybody looking.",
      fix: "set nodeHost.autoUpdate.enabled to false",
      references: ["LLM03", "CWE-494"],
      look: (at) =>
        valueAt(at.config, "nodeHost.autoUpdate.enabled") === false ||
        Object.keys(objectAt(at.config, "nodeHost")).length === 0
          ? []
          : ["nodeHost.autoUpdate.enabled: on unless it says false"],
    },
  ],
};
