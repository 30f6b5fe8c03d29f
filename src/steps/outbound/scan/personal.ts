/** Personal data that a pattern and a checksum can decide. @module */
import type { BeginsWithNumber, Rule } from "./rule.ts";

const AT_NUMBER = (): number => 0;
const isGap = (after: string): boolean => after === " " || after === "-";
const CARD: BeginsWithNumber = { at: AT_NUMBER, may: (_, digits, after) => digits >= 13 || isGap(after) };
const IBAN: BeginsWithNumber = {
  at: () => 2,
  may: (before, digits) => digits >= 2 && before >= "A" && before <= "Z",
};
const SSN: BeginsWithNumber = { at: AT_NUMBER, may: (_, digits, after) => digits === 3 && isGap(after) };
const IPV4: BeginsWithNumber = { at: AT_NUMBER, may: (_, digits, after) => digits <= 3 && after === "." };
const PHONE: BeginsWithNumber = {
  at: (before, after) => (before === "+" || (before === "(" && after === ")") ? 1 : 0),
  may: (before, digits, after) =>
    before === "+" || digits === 2 || digits > 3 || (digits === 3 && (isGap(after) || after === "." || after === ")")),
};

export const PERSONAL_RULES: readonly Rule[] = [
  {
    id: "payment-card",
    kind: "personal",
    hints: [],
    number: CARD,
    pattern: /\b(?:\d[ -]?){12,18}\d\b/g,
    confidence: 0.9,
    holds: (value) => isCard(value.replaceAll(/[ -]/g, "")),
  },
  {
    id: "iban",
    kind: "personal",
    hints: [],
    number: IBAN,
    pattern: /\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?\b/g,
    confidence: 0.95,
    holds: (value) => isIban(value.replaceAll(" ", "")),
  },
  {
    id: "us-ssn",
    kind: "personal",
    hints: [],
    number: SSN,
    pattern: /\b\d{3}[- ]\d{2}[- ]\d{4}\b/g,
    confidence: 0.8,
    holds: (value) => isSsn(value.replaceAll(/[ -]/g, "")),
  },
  {
    id: "email",
    kind: "personal",
    hints: ["@"],
    pattern:
      /@(?<=(?<![A-Za-z0-9._%+-])(?<before>[A-Za-z0-9._%+-]{1,64})@)(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}\b/g,
    confidence: 0.9,
  },
  {
    id: "ipv4",
    kind: "personal",
    hints: [],
    number: IPV4,
    pattern: /\b(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)\b/g,
    confidence: 0.6,
  },
  {
    id: "ipv6",
    kind: "personal",
    hints: [":"],
    pattern:
      /:(?<=(?<![\w:.])(?<before>[0-9A-Fa-f]{1,4}):)(?:(?:[0-9A-Fa-f]{1,4}:){2,6}[0-9A-Fa-f]{1,4}\b|(?:[0-9A-Fa-f]{1,4}:){0,5}:(?:[0-9A-Fa-f]{1,4}:){0,5}[0-9A-Fa-f]{1,4}\b)/g,
    confidence: 0.6,
    holds: (value) => /[A-Fa-f]/.test(value) || value.includes("::") || value.split(":").length === 8,
  },
  {
    id: "phone",
    kind: "personal",
    hints: [],
    number: PHONE,
    pattern:
      /(?:\+|\b00)\d{1,3}[ .-]?(?:\(\d{1,4}\)[ .-]?)?\d{1,4}(?:[ .-]?\d{2,4}){1,4}\b|\b(?:\(\d{3}\) ?|\d{3}[ .-])\d{3}[ .-]\d{4}(?:x\d{1,6})?\b|\(\d{3}\) ?\d{3}[ .-]\d{4}\b/g,
    confidence: 0.7,
    holds: (value) => isPhone(value),
  },
  {
    id: "phone",
    kind: "personal",
    // Beside a word that says so, as people write them without a country's code.
    hints: ["phone", "mobile", "cell", "tel", "fax", "call me", "call us", "call him", "call her"],
    at: 0,
    pattern:
      /(?:phone|mobile|cell|tel|fax|call (?:me|us|him|her))(?: (?:number|no\.?))?(?: (?:is|on|at))?[:.]?\s{1,3}(?<value>\(?\d{1,5}\)?(?:[ .-]?\d{2,5}){1,5})\b/gi,
    confidence: 0.6,
    holds: (value) => isPhone(value) || value.replaceAll(/\D/g, "").length === 7,
  },
];

/** Luhn's check and the lengths and first digits that issuers use. */
function isCard(digits: string): boolean {
  if (digits.length < 13 || digits.length > 19 || !/^(?:3[0-9]|4|5|6|2[2-7]|1800|2131)/.test(digits)) return false;
  if (new Set(digits).size < 2) return false;
  let sum = 0;
  for (let i = 0; i < digits.length; i++) {
    const digit = Number(digits[digits.length - 1 - i]);
    const doubled = i % 2 === 1 ? digit * 2 : digit;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}

/** ISO 13616: the remainder by 97 is 1. */
function isIban(text: string): boolean {
  if (text.length < 15 || text.length > 34) return false;
  const turned = text.slice(4) + text.slice(0, 4);
  let remainder = 0;
  for (const letter of turned) {
    const value = Number.parseInt(letter, 36);
    remainder = (remainder * (value > 9 ? 100 : 10) + value) % 97;
  }
  return remainder === 1;
}

/** Area, group and serial numbers that were never given out are not one. */
function isSsn(digits: string): boolean {
  const area = digits.slice(0, 3);
  return area !== "000" && area !== "666" && area < "900" && digits.slice(3, 5) !== "00" && digits.slice(5) !== "0000";
}

function isPhone(value: string): boolean {
  const digits = value.replaceAll(/x.*$|\D/g, "");
  return digits.length >= 8 && digits.length <= 15 && new Set(digits).size > 2;
}
