/**
 * What looks at a page, in a world of its own inside the page: it sees the same
 * elements, and none of the page's own programs.
 *
 * Everything is bounded: a page of a million elements gives as much as one of
 * ten thousand, and says that it was cut.
 *
 * @module
 */
"use strict";

(() => {
  const MOST_NODES = 20_000;
  const MOST_DEPTH = 300;
  const MOST_NAME = 120;
  const MOST_CHOICES = 20;
  const ROLES = new Set(
    "button checkbox combobox link menuitem option radio searchbox slider spinbutton switch tab textbox".split(" "),
  );
  const TAGS = new Map([
    ["BUTTON", "button"],
    ["SELECT", "choice"],
    ["SUMMARY", "button"],
    ["TEXTAREA", "textbox"],
  ]);
  const SKIPPED = new Set(["SCRIPT", "STYLE", "NOSCRIPT", "TEMPLATE", "HEAD", "IFRAME", "OBJECT", "SVG", "CANVAS"]);

  /** @type {WeakMap<Element, string>} */
  const refs = new WeakMap();
  /** @type {Map<string, WeakRef<Element>>} */
  const elements = new Map();

  /** @param {string | null | undefined} text */
  const plain = (text) => (text ?? "").replace(/\s+/g, " ").trim().slice(0, MOST_NAME);

  /** @param {Element} element */
  const shown = (element) => element.checkVisibility({ opacityProperty: true, visibilityProperty: true });

  /** What an element is to somebody who uses it; empty where it is nothing to use. @param {Element} element */
  function kindOf(element) {
    const role = element.getAttribute("role") ?? "";
    if (ROLES.has(role)) return role;
    if (element instanceof HTMLInputElement) return kindOfInput(element);
    const byTag = TAGS.get(element.tagName);
    if (byTag !== undefined) return byTag;
    if (element instanceof HTMLAnchorElement) return element.hasAttribute("href") ? "link" : "";
    return isEditable(element) ? "textbox" : element.hasAttribute("onclick") ? "button" : "";
  }

  /** The outermost of what can be written in. @param {Element} element */
  const isEditable = (element) =>
    element instanceof HTMLElement && element.isContentEditable && element.parentElement?.isContentEditable !== true;

  /** @param {HTMLInputElement} input */
  function kindOfInput({ type }) {
    if (type === "hidden") return "";
    if (["submit", "button", "reset", "image"].includes(type)) return "button";
    return ["checkbox", "radio", "file"].includes(type) ? type : "textbox";
  }

  /** @param {Element} element @param {string} kind */
  function nameOf(element, kind) {
    const by = (element.getAttribute("aria-labelledby") ?? "").split(/\s+/).slice(0, 4);
    const labelled = by.map((id) => (id === "" ? "" : plain(document.getElementById(id)?.textContent))).join(" ");
    const labels = "labels" in element && element.labels instanceof NodeList ? [...element.labels].slice(0, 2) : [];
    const button = element instanceof HTMLInputElement && kind === "button" ? element.value : "";
    const inner = ["textbox", "choice"].includes(kind) || !(element instanceof HTMLElement) ? "" : element.innerText;
    const candidates = [
      labelled,
      element.getAttribute("aria-label"),
      ...labels.map((label) => label.textContent),
      button,
      inner,
      element.getAttribute("alt") ?? element.querySelector("img[alt]")?.getAttribute("alt"),
      element.getAttribute("placeholder"),
      element.getAttribute("title"),
      element.getAttribute("name"),
    ];
    return candidates.map(plain).find((name) => name !== "") ?? `unnamed ${kind}`;
  }

  /** @param {Element} element */
  function refOf(element) {
    const known = refs.get(element);
    if (known !== undefined) return known;
    const ref = `e${elements.size + 1}`;
    refs.set(element, ref);
    elements.set(ref, new WeakRef(element));
    return ref;
  }

  /** @param {Element} element @param {string} kind */
  function stateOf(element, kind) {
    if (element instanceof HTMLAnchorElement) return ` -> ${element.href.slice(0, 500)}`;
    if (element instanceof HTMLSelectElement) return stateOfChoice(element);
    if (kind === "checkbox" || kind === "radio") return element.matches(":checked") ? " (checked)" : " (not checked)";
    if (kind === "textbox") return stateOfText(element);
    return element.matches(":disabled") ? " (disabled)" : "";
  }

  /** @param {HTMLSelectElement} select */
  function stateOfChoice(select) {
    const options = [...select.options].slice(0, MOST_CHOICES).map((option) => plain(option.text));
    const more = select.options.length > MOST_CHOICES ? " | …" : "";
    return `: "${plain(select.selectedOptions[0]?.text)}" of ${options.join(" | ")}${more}`;
  }

  /** A password is not told. @param {Element} element */
  function stateOfText(element) {
    if (element instanceof HTMLInputElement && element.type === "password") return " (password)";
    const value = "value" in element && typeof element.value === "string" ? plain(element.value) : "";
    return value === "" ? "" : `: "${value}"`;
  }

  /** Text in lines, up to a number of characters. @param {number} most */
  function page(most) {
    /** @type {string[]} */
    const lines = [];
    let line = "";
    let left = most;
    return {
      isFull: () => left <= 0,
      text: () => lines.join("\n"),
      /** @param {string} text */
      say(text) {
        line += text.slice(0, left);
        left -= text.length;
      },
      end() {
        if (line.trim() !== "") lines.push(line.trim());
        if (line !== "") left--;
        line = "";
      },
    };
  }

  /** @param {number} most characters */
  function outline(most) {
    const told = page(most);
    let nodes = 0;
    let cut = false;
    /** Says what it is by itself; false where its children say it. @param {Element} node */
    const sayWhole = (node) => {
      if (SKIPPED.has(node.tagName.toUpperCase()) || !shown(node)) return true;
      const kind = kindOf(node);
      if (kind !== "") {
        told.end();
        told.say(`[${refOf(node)}] ${kind} "${nameOf(node, kind)}"${stateOf(node, kind)}`);
        told.end();
      } else if (node instanceof HTMLImageElement) told.say(node.alt === "" ? "" : `(image: ${plain(node.alt)})`);
      else return false;
      return true;
    };
    /** @param {Node} node @param {number} depth */
    const walk = (node, depth) => {
      if (told.isFull() || ++nodes > MOST_NODES || depth > MOST_DEPTH) {
        cut = true;
        return;
      }
      if (node instanceof Text) return told.say(node.data.replace(/\s+/g, " "));
      if (!(node instanceof Element) || sayWhole(node)) return;
      const isBlock = !getComputedStyle(node).display.startsWith("inline");
      if (isBlock) told.end();
      if (/^H[1-6]$/.test(node.tagName)) told.say(`${"#".repeat(Number(node.tagName[1]))} `);
      walkAll((node.shadowRoot ?? node).childNodes, depth + 1);
      if (isBlock) told.end();
    };
    /** @param {NodeListOf<ChildNode>} children @param {number} depth */
    const walkAll = (children, depth) => {
      for (const child of children) {
        walk(child, depth);
        if (told.isFull() || nodes > MOST_NODES) return;
      }
    };
    if (document.body !== null) walk(document.body, 0);
    told.end();
    return { title: document.title.slice(0, 500), text: told.text(), cut: cut || told.isFull() };
  }

  /** @param {string} ref */
  function look(ref) {
    const element = elements.get(ref)?.deref();
    if (element === undefined || !element.isConnected) return undefined;
    const kind = kindOf(element);
    return { element, kind, name: nameOf(element, kind) };
  }

  /** The topmost element there, through open shadow roots. @param {number} x @param {number} y */
  function topmost(x, y) {
    let found = document.elementFromPoint(x, y);
    while (found?.shadowRoot) {
      const inner = found.shadowRoot.elementFromPoint(x, y);
      if (inner === null || inner === found) break;
      found = inner;
    }
    return found;
  }

  /** Where a click would hit it. @param {string} ref */
  function locate(ref) {
    const seen = look(ref);
    if (seen === undefined) return { found: false };
    const { element, kind, name } = seen;
    element.scrollIntoView({ block: "center", inline: "center", behavior: "instant" });
    const { left, top, width, height } = element.getBoundingClientRect();
    const [x, y] = [left + width / 2, top + height / 2];
    const top_ = topmost(x, y);
    const isLabel = top_ instanceof HTMLLabelElement && top_.control === element;
    const hits = top_ !== null && (element.contains(top_) || top_.contains(element) || isLabel);
    return { found: true, kind, name, x, y, hits: hits && width > 0 && height > 0 };
  }

  /** Makes it ready for typing, with what is in it selected. @param {string} ref */
  function focus(ref) {
    const seen = look(ref);
    if (seen === undefined) return { found: false };
    const { element, kind, name } = seen;
    if (element instanceof HTMLElement) element.focus();
    if (element instanceof HTMLInputElement || element instanceof HTMLTextAreaElement) element.select();
    else if (element instanceof HTMLElement && element.isContentEditable) getSelection()?.selectAllChildren(element);
    const active = document.activeElement;
    const writable = ["textbox", "searchbox", "combobox", "spinbutton"].includes(kind);
    return { found: true, kind, name, hits: writable && (active === element || element.contains(active)) };
  }

  /** Chooses by the words of an option. @param {string} ref @param {string} words */
  function choose(ref, words) {
    const seen = look(ref);
    if (!(seen?.element instanceof HTMLSelectElement)) return { found: false };
    const { element: select, kind, name } = seen;
    const option = [...select.options].find((one) => plain(one.text) === plain(words));
    if (option !== undefined) {
      select.value = option.value;
      for (const type of ["input", "change"]) select.dispatchEvent(new Event(type, { bubbles: true }));
    }
    return { found: true, kind, name, hits: option !== undefined };
  }

  return Object.freeze({ outline, locate, focus, choose });
})();
