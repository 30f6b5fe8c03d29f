/** Checks of models, budgets and what untrusted text may decide. @module */
import { above, type Check, type Family, isOneOf, setting, shown } from "../check.ts";
import type { Installation } from "../installation.ts";
import { need } from "../known.ts";
import { isLoopbackAddress } from "../addresses.ts";

const LOCAL = ["ollama", "offline"];

function chosen(at: Installation): readonly string[] {
  const { model } = need(at.effective).settings.agents.defaults;
  return model === undefined ? [] : [model.primary, ...model.fallbacks];
}

const isRemote = (ref: string): boolean => !LOCAL.includes(ref.split("/")[0] ?? "");

function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).hostname.replace(/^\[|\]$/g, "") : "";
}

const isHere = (url: string): boolean => hostOf(url) === "localhost" || isLoopbackAddress(hostOf(url));

const effective: readonly Check[] = [
  {
    id: "models.plain-http",
    severity: "high",
    title: "a model on another machine is asked without encryption",
    why: "Everybody on the way reads the conversation and the key, and can answer in the model's place.",
    fix: "write `https://` as `baseURL`",
    references: ["LLM02", "CWE-319"],
    look: (at) =>
      Object.entries(need(at.effective).settings.models.providers).flatMap(([name, { baseURL }]) =>
        baseURL !== undefined && /^http:/i.test(baseURL) && !isHere(baseURL)
          ? [`models.providers.${name}: ${hostOf(baseURL)}`]
          : [],
      ),
  },
  {
    id: "models.weak",
    severity: "medium",
    title: "a model is chosen that is known to be weak against injection",
    why: "Nothing depends on the model being wise; one that is easily fooled asks more of you.",
    fix: "choose a stronger one, or take commands and the web away: `vambrace config set tools.profile minimal`",
    references: ["LLM01", "ASI01", "AML.T0051"],
    look: (at) => need(at.effective).weakModels,
  },
  {
    id: "models.fallback.leaves",
    severity: "medium",
    title: "where the local model fails, another machine's is asked",
    why: "Who chose a model on this machine did so that nothing leaves; a fault of it should not change that.",
    fix: "take the remote fallbacks out",
    references: ["LLM02", "CWE-636"],
    look(at) {
      const [primary, ...fallbacks] = chosen(at);
      return primary === undefined || isRemote(primary) ? [] : fallbacks.filter(isRemote);
    },
  },
  {
    id: "models.money.no-price",
    severity: "medium",
    title: "money is limited and the price of a model is not known",
    why: "A limit that cannot be counted does not hold.",
    fix: "write `models.prices` for it",
    references: ["LLM10", "AML.T0034", "CWE-770"],
    look(at) {
      const { settings } = need(at.effective);
      if (settings.agents.defaults.budgets.turn.money === undefined) return [];
      return chosen(at).filter((ref) => isRemote(ref) && !Object.hasOwn(settings.models.prices, ref));
    },
  },
  {
    id: "models.money.none",
    severity: "low",
    title: "no limit of money stands for a model that is paid for",
    why: "Tokens are limited; what they cost depends on a price that may change.",
    fix: "write `agents.defaults.budgets.turn.money` and `models.prices`",
    references: ["LLM10", "AML.T0034", "CWE-770"],
    look(at) {
      const isLimited = need(at.effective).settings.agents.defaults.budgets.turn.money !== undefined;
      return isLimited ? [] : chosen(at).filter(isRemote).slice(0, 1);
    },
  },
];

export const models: Family = {
  name: "models",
  says: "models, budgets, and what untrusted text may decide",
  checks: [
    ...effective,
    setting({
      id: "models.local-only.never",
      severity: "high",
      title: "what is secret may be sent to a model on another machine",
      why: "The provider sees all that is sent to it.",
      fix: "take the key out: secrets then stay with models on this machine",
      references: ["LLM02", "AML.T0057", "CWE-200"],
      keys: ["models.localOnly"],
      bad: isOneOf("never"),
    }),
    setting({
      id: "models.quarantine.off",
      severity: "medium",
      title: "long results of strangers are read whole by the main model",
      why: "The longer the text, the more room for orders in it.",
      fix: "take the key out",
      references: ["LLM01", "ASI01", "AML.T0051"],
      keys: ["agents.defaults.quarantine.results"],
      bad: isOneOf("off"),
    }),
    setting({
      id: "models.quarantine.bits",
      severity: "low",
      title: "a stranger's text may choose more than the default of what happens",
      why: "Each bit is a choice that he makes instead of you.",
      fix: "take the key out: 32 bits",
      references: ["LLM01", "ASI01"],
      keys: ["agents.defaults.quarantine.bits"],
      bad: above(32, "bits"),
    }),
    setting({
      id: "models.plan.off",
      severity: "medium",
      title: "no plan is made before untrusted text is read",
      why: "A plan of trusted words narrows what a hijacked turn can do.",
      fix: "take the key out",
      references: ["LLM01", "ASI01"],
      keys: ["agents.defaults.plan"],
      bad: isOneOf("off"),
    }),
    setting({
      id: "models.key-in-file",
      severity: "critical",
      title: "the key of a provider is written into the configuration",
      why: "Whoever reads the file spends your money and reads what the account keeps.",
      fix: "set it in the environment (`ANTHROPIC_API_KEY`, …), and give out a new one",
      references: ["LLM02", "AML.T0055", "CWE-798"],
      keys: [
        "anthropic_api_key",
        "openai_api_key",
        "api_key",
        "apiKey",
        "models.providers.*.apiKey",
        "llm.apiKey",
        "llm.api_key",
        "tools.web.search.apiKey",
      ],
      bad: (value) =>
        typeof value === "string" && value !== "" && !/^\$\{[A-Z_][A-Z0-9_]*\}$/.test(value) ? "written out" : null,
    }),
    setting({
      id: "models.budget.turn.requests",
      severity: "low",
      title: "one turn may ask a model more than 200 times",
      why: "A loop that a stranger's text began goes on for that long.",
      fix: "take the key out: 40",
      references: ["LLM10", "ASI08", "AML.T0034", "CWE-834"],
      keys: ["agents.defaults.budgets.turn.modelRequests"],
      bad: above(200, "requests"),
    }),
    setting({
      id: "models.budget.turn.calls",
      severity: "low",
      title: "one turn may call tools more than 500 times",
      why: "That many effects of one message nobody looks through.",
      fix: "take the key out: 80",
      references: ["LLM10", "ASI08", "CWE-834"],
      keys: ["agents.defaults.budgets.turn.toolCalls"],
      bad: above(500, "calls"),
    }),
    setting({
      id: "models.budget.turn.tokens",
      severity: "low",
      title: "one turn may use more than 10 million tokens",
      why: "They are paid for, and a loop that a stranger began uses all of them.",
      fix: "take the key out: 1 million",
      references: ["LLM10", "AML.T0034", "CWE-770"],
      keys: ["agents.defaults.budgets.turn.tokens"],
      bad: above(10_000_000, "tokens"),
    }),
    setting({
      id: "models.budget.day.tokens",
      severity: "low",
      title: "a day may use more than 200 million tokens",
      why: "This is the last limit; above it is only the bill.",
      fix: "take the key out: 20 million",
      references: ["LLM10", "AML.T0034", "CWE-770"],
      keys: ["agents.defaults.budgets.day.tokens", "agents.defaults.budgets.person.tokens"],
      bad: above(200_000_000, "tokens"),
    }),
    setting({
      id: "models.budget.turn.seconds",
      severity: "low",
      title: "one turn may work for more than four hours",
      why: "Nobody sits beside it for that long.",
      fix: "take the key out: half an hour",
      references: ["LLM10", "CWE-834"],
      keys: ["agents.defaults.budgets.turn.seconds"],
      bad: above(14_400, "seconds"),
    }),
    setting({
      id: "models.provider.password",
      severity: "high",
      title: "the address of a provider carries a user or key",
      why: "Addresses are logged and shown.",
      fix: "take it out of the address, and set the key in the environment",
      references: ["AML.T0055", "CWE-598", "CWE-522"],
      keys: ["models.providers.*.baseURL"],
      byHand: true,
      bad: (value) => (/\/\/[^/@]+@|[?&](?:key|token|api_?key)=/i.test(shown(value)) ? "carries a login" : null),
    }),
  ],
};
