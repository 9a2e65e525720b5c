/** One message, or one album, as a bubble. */

import { fileAddress } from "./api.js";
import { clock, el, icon, safeLink, sizeOf, startPayload } from "./dom.js";
import { rich } from "./entities.js";
import { enlarge } from "./sheets.js";

const OPENABLE = ["application/pdf", "image/png", "image/jpeg", "image/gif", "image/webp", "text/plain"];
const WIDEST = 420;
const TALLEST = 300;
const LARGEST_SCALE = 2;
const PROTECTED = "Protected by the bot: Telegram offers no saving and no forwarding. "
  + "In this demo documents can still be opened.";

function sender(message) {
  return message.outgoing ? "you" : message.from?.first_name || "the bot";
}

function fitting(sizes, wanted) {
  const ascending = [...sizes].sort((a, b) => a.width - b.width);
  return ascending.find((size) => size.width >= wanted) ?? ascending.at(-1);
}

function photo(message) {
  const shown = fitting(message.photo, 480);
  const share = Math.min(LARGEST_SCALE, WIDEST / shown.width, TALLEST / shown.height);
  const alt = message.caption || `Photo from ${sender(message)} at ${clock(message.date)}`;
  const size = { width: Math.round(shown.width * share), height: Math.round(shown.height * share) };
  const picture = { src: fileAddress(shown.file_id), alt, draggable: "false", ...size };
  const full = fileAddress(message.photo.at(-1).file_id);
  const guarded = Boolean(message.has_protected_content);
  const [title] = alt.split("\n");
  const open = () => enlarge({ source: full, title, alt, guarded, lockText: PROTECTED });
  const hold = (event) => guarded && event.preventDefault();
  return el(
    "button",
    { class: "photo", type: "button", "aria-label": `Enlarge: ${title}`, on: { click: open, contextmenu: hold } },
    el("img", picture),
  );
}

/** A file as a card: what cannot run scripts opens in a new tab, everything else is only saved. */
export function fileCard(name, type, size, address) {
  const opens = OPENABLE.includes(type);
  const ending = name.includes(".") ? name.split(".").at(-1).slice(0, 4).toUpperCase() : "FILE";
  const attributes = opens ? { target: "_blank", rel: "noopener" } : { download: name };
  return el(
    "a",
    { class: "file", href: address, ...attributes, "aria-label": `${opens ? "Open" : "Save"} ${name}` },
    el("span", { class: `ending ${ending === "PDF" ? "pdf" : ""}`, "aria-hidden": "true" }, ending),
    el("span", { class: "filename" }, name, el("small", {}, [sizeOf(size), opens ? "open" : "save"].filter(Boolean).join(" · "))),
    icon(opens ? "open" : "save"),
  );
}

function documentCard(message) {
  const { file_name: name = "file", mime_type: type, file_size: size, file_id: id } = message.document;
  return fileCard(name, type, size, fileAddress(id));
}

function voice(message) {
  const name = `Voice message from ${sender(message)}, ${message.voice.duration} seconds`;
  const player = { class: "voice", controls: "", preload: "metadata", controlslist: "nodownload", "aria-label": name };
  return el("audio", { ...player, src: fileAddress(message.voice.file_id) });
}

function contact(message) {
  const { first_name: name, phone_number: phone } = message.contact;
  return el("div", { class: "file" }, el("span", { class: "ending" }, icon("person")),
    el("span", { class: "filename" }, name, el("small", {}, phone)));
}

function attachments(messages) {
  const photos = messages.filter((message) => message.photo);
  const nodes = photos.length > 1
    ? [el("div", { class: `album of${Math.min(photos.length, 4)}` }, photos.map(photo))]
    : photos.map(photo);
  nodes.push(...messages.filter((message) => message.document).map(documentCard));
  nodes.push(...messages.filter((message) => message.voice).map(voice));
  nodes.push(...messages.filter((message) => message.contact).map(contact));
  return nodes;
}

function quoted(message) {
  const original = message.reply_to_message;
  if (!original) return null;
  return el("blockquote", { class: "reply" }, original.text || original.caption || "an earlier message");
}

function words(message, actions) {
  const text = message.text ?? message.caption;
  if (!text) return null;
  const entities = message.entities ?? message.caption_entities;
  const offered = message.outgoing ? {} : actions;
  return el("span", { class: "words", dir: "auto" }, rich(text, entities, offered));
}

function lock() {
  return el("span", { class: "lock", tabindex: "0", role: "img", "aria-label": PROTECTED, "data-tip": PROTECTED }, icon("lock"));
}

function reactions(messages) {
  const marks = messages.flatMap((message) => message.reactions ?? []).map((reaction) => reaction.emoji).filter(Boolean);
  return marks.length ? el("p", { class: "reactions", "aria-label": "Reactions" }, marks.join(" ")) : null;
}

function foot(messages) {
  const message = messages.at(-1);
  const edited = messages.some((part) => part.edit_date);
  return el(
    "p",
    { class: "foot" },
    message.has_protected_content ? lock() : null,
    edited ? el("span", { class: "edited" }, "edited") : null,
    el("time", { datetime: new Date(message.date * 1000).toISOString() }, clock(message.date)),
    message.outgoing ? icon("sent") : null,
  );
}

function key(message, button, actions) {
  if (button.url) {
    const payload = startPayload(button.url);
    if (payload) return el("button", { type: "button", on: { click: () => actions.openStart(payload) } }, button.text);
    const href = safeLink(button.url);
    return el("a", { href, target: "_blank", rel: "noopener noreferrer" }, button.text, icon("open"));
  }
  if (button.web_app) {
    const open = () => actions.openWebApp(message.message_id, button.web_app.url, button.text);
    return el("button", { type: "button", on: { click: open } }, button.text, icon("open"));
  }
  const waiting = actions.isWaiting(message.message_id, button.callback_data);
  const on = { click: () => actions.press(message.message_id, button.callback_data) };
  const state = { "aria-busy": waiting ? "true" : null, class: waiting ? "waiting" : null };
  const name = { "data-callback": button.callback_data, disabled: button.callback_data === undefined };
  return el("button", { type: "button", ...state, ...name, on }, button.text);
}

function inlineKeyboard(message, actions) {
  const rows = message.reply_markup?.inline_keyboard ?? [];
  if (rows.length === 0) return null;
  return el(
    "div",
    { class: "keys", role: "group", "aria-label": "Buttons of this message" },
    rows.map((row) => el("div", {}, row.map((button) => key(message, button, actions)))),
  );
}

function unknown(messages) {
  const known = ["text", "caption", "photo", "document", "voice", "contact"];
  if (messages.some((message) => known.some((name) => message[name]))) return null;
  return el("span", { class: "words" }, el("em", {}, "This kind of message is not shown here."));
}

/** The content of the list item for `messages`: one message, or the parts of one album in order. */
export function bubble(messages, actions) {
  const said = messages.find((message) => message.caption || message.text) ?? messages[0];
  const side = messages[0].outgoing ? "You" : sender(messages[0]);
  const media = attachments(messages);
  return [
    el(
      "div",
      { class: media.some((node) => node.matches(".photo, .album")) ? "bubble pictured" : "bubble" },
      el("span", { class: "unseen" }, `${side}: `),
      quoted(messages[0]),
      media,
      el("div", { class: "text" }, words(said, actions) ?? unknown(messages), reactions(messages), foot(messages)),
    ),
    inlineKeyboard(messages.at(-1), actions),
  ].filter(Boolean);
}
