/** Text with Telegram's entities (UTF-16 offsets, which are what JavaScript strings count in) as nodes. */

import { el, safeLink, startPayload } from "./dom.js";

const TAGS = {
  bold: "strong",
  italic: "em",
  underline: "u",
  strikethrough: "s",
  code: "code",
  pre: "pre",
  blockquote: "blockquote",
};

function link(address, children, actions) {
  const href = safeLink(address);
  if (href === null) return el("span", {}, children);
  const payload = startPayload(address);
  const follow = (event) => {
    event.preventDefault();
    actions.openStart(payload);
  };
  const on = payload && actions.openStart ? { click: follow } : {};
  return el("a", { href, target: "_blank", rel: "noopener noreferrer", on }, children);
}

function command(raw, children, actions) {
  if (!actions.send) return el("span", { class: "command" }, children);
  const on = { click: () => actions.send(raw) };
  return el("button", { class: "command", type: "button", title: `Send ${raw}`, on }, children);
}

function spoiler(children) {
  const show = (event) => {
    event.currentTarget.classList.add("shown");
    event.currentTarget.setAttribute("aria-expanded", "true");
  };
  const attributes = { class: "spoiler", type: "button", "aria-expanded": "false", title: "Show the hidden text" };
  return el("button", { ...attributes, on: { click: show } }, el("span", {}, children));
}

function long(children) {
  return el("details", { class: "quote" }, el("summary", {}, "Show the quotation"), el("blockquote", {}, children));
}

function wrap(entity, raw, children, actions) {
  if (entity.type in TAGS) return el(TAGS[entity.type], {}, children);
  switch (entity.type) {
    case "text_link": return link(entity.url, children, actions);
    case "url": return link(raw, children, actions);
    case "email": return link(`mailto:${raw}`, children, actions);
    case "phone_number": return link(`tel:${raw.replaceAll(/[^+\d]/g, "")}`, children, actions);
    case "bot_command": return command(raw, children, actions);
    case "spoiler": return spoiler(children);
    case "expandable_blockquote": return long(children);
    default: return el("span", { class: "mention" }, children);
  }
}

function nested(text, start, end, entities, actions) {
  const nodes = [];
  let at = start;
  for (let index = 0; index < entities.length; index += 1) {
    const entity = entities[index];
    const stop = Math.min(entity.offset + entity.length, end);
    if (entity.offset < at || stop <= entity.offset) continue;
    const inner = entities.slice(index + 1).filter((other) => other.offset < stop);
    nodes.push(text.slice(at, entity.offset));
    const raw = text.slice(entity.offset, stop);
    nodes.push(wrap(entity, raw, nested(text, entity.offset, stop, inner, actions), actions));
    at = stop;
  }
  nodes.push(text.slice(at, end));
  return nodes.filter((node) => node !== "");
}

/** Nodes for `text`; `actions.send` makes commands clickable, `actions.openStart` follows t.me start links. */
export function rich(text, entities = [], actions = {}) {
  const outerFirst = [...entities].sort((a, b) => a.offset - b.offset || b.length - a.length);
  return nested(text, 0, text.length, outerFirst, actions);
}

/** Plain text with its web addresses made into links, for mails. */
export function linked(text, actions = {}) {
  const found = [...text.matchAll(/https?:\/\/[^\s<>"']+[^\s<>"'.,;:!?)]/g)];
  const entities = found.map((match) => ({ type: "url", offset: match.index, length: match[0].length }));
  return rich(text, entities, actions);
}
