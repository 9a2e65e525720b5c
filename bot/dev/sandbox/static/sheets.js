/** Everything that opens above the page: the enlarged picture, the bot's alert, and the questions before sending. */

import { el, icon, iconButton, sizeOf } from "./dom.js";

let sheets = 0;

/** Open a modal sheet; it leaves the document when it closes, and Escape or the cross closes it. */
function open(title, content, { kind = "", buttons = [] } = {}) {
  sheets += 1;
  const heading = el("h2", { id: `sheet-${sheets}` }, title);
  const sheet = el("dialog", { class: `sheet ${kind}`, "aria-labelledby": heading.id });
  const close = () => sheet.close();
  const head = el("header", {}, heading, iconButton("close", "Close", close));
  sheet.append(head, el("div", { class: "content" }, content));
  if (buttons.length) sheet.append(el("footer", {}, buttons));
  sheet.addEventListener("close", () => sheet.remove());
  sheet.addEventListener("click", (event) => event.target === sheet && close());
  document.body.append(sheet);
  sheet.showModal();
  return sheet;
}

function button(label, listener, look = "soft") {
  return el("button", { class: look, type: "button", on: { click: listener } }, label);
}

/** A photo at full size; a guarded one offers no saving. */
export function enlarge({ source, title, alt, guarded, lockText }) {
  const hold = (event) => guarded && event.preventDefault();
  const picture = el("img", { src: source, alt, draggable: "false", on: { contextmenu: hold } });
  const below = guarded
    ? el("p", { class: "guarded" }, icon("lock"), lockText)
    : el("a", { class: "soft", href: source, download: "photo.jpg" }, icon("save"), "Save");
  open(title, picture, { kind: "lightbox", buttons: [below] });
}

/** A Mini App in a frame of its own; `address` holds its init data. */
export function webApp(title, address) {
  open(title, el("iframe", { src: address, title, allow: "fullscreen" }), { kind: "webapp" });
}

/** The bot's answer to a press that asked to be shown as an alert. */
export function alertOf(name, text) {
  const sheet = open(`To ${name}`, el("p", { class: "plain" }, text), {
    kind: "alert",
    buttons: [button("OK", () => sheet.close(), "strong")],
  });
  sheet.querySelector("footer button").focus();
}

function preview(file) {
  const shown = file.type.startsWith("image/") && !file.type.includes("dicom") && !file.type.includes("svg");
  if (!shown) return el("span", { class: "nopreview" }, icon("file"));
  const address = URL.createObjectURL(file);
  const free = { load: () => URL.revokeObjectURL(address), error: () => URL.revokeObjectURL(address) };
  return el("img", { src: address, alt: "", on: free });
}

/** Ask how to send `files`; `send(kind, caption)` hears "photo" or "document". */
export function askHow(name, files, send) {
  const caption = el("input", { type: "text", maxlength: "1024", placeholder: "Add a caption…", "aria-label": "Caption" });
  const choose = (kind) => () => {
    sheet.close();
    send(kind, caption.value.trim());
  };
  const pictures = files.every((file) => /^image\/(png|jpeg|webp|gif|bmp)$/.test(file.type));
  const one = files.length === 1;
  const buttons = [
    button(one ? "Send as file" : "Send as files", choose("document"), pictures ? "soft" : "strong"),
    pictures ? button(one ? "Send as photo" : "Send as album", choose("photo"), "strong") : null,
  ].filter(Boolean);
  const items = files.map((file) => el("li", {}, preview(file), el("span", {}, file.name, el("small", {}, sizeOf(file.size)))));
  const note = pictures ? "A photo is made smaller, as Telegram does. A file keeps every pixel." : "Sent as it is.";
  const content = [el("ul", { class: "files" }, items), caption, el("p", { class: "note" }, note)];
  const sheet = open(`Send as ${name}`, content, { kind: "how", buttons });
  caption.addEventListener("keydown", (event) => {
    if (event.key === "Enter") buttons.at(-1).click();
  });
  buttons.at(-1).focus();
}

/** Ask before a phone number is shared; `send(phone)` hears the number. */
export function askContact(name, send) {
  const phone = el("input", { type: "tel", value: "+10005550100", "aria-label": "Phone number" });
  const share = () => {
    sheet.close();
    send(phone.value.trim());
  };
  const content = [el("p", { class: "plain" }, "The bot asks for this person's phone number."), phone];
  const buttons = [button("Cancel", () => sheet.close()), button("Share", share, "strong")];
  const sheet = open(`Share ${name}'s number`, content, { buttons });
}

/** Ask who opens a start link (an invitation, say); `go(person)` hears the choice. */
export function askWho(people, go) {
  const choose = (person) => () => {
    sheet.close();
    go(person);
  };
  const choices = people.map((person) => el("li", {}, button(`${person.name} · ${person.role || "no role yet"}`, choose(person))));
  const sheet = open("Who opens this link?", el("ul", { class: "choices" }, choices));
}

const LANGUAGES = { en: "English", ta: "Tamil", hi: "Hindi" };

/** Ask for a new person; `add({name, language_code})` hears the answer. */
export function askNewcomer(add) {
  const name = el("input", { type: "text", required: true, maxlength: "64", autocomplete: "off" });
  const options = Object.entries(LANGUAGES).map(([code, label]) => el("option", { value: code }, label));
  const language = el("select", {}, options);
  const submit = (event) => {
    event.preventDefault();
    sheet.close();
    add({ name: name.value.trim(), language_code: language.value });
  };
  const form = el(
    "form",
    { on: { submit } },
    el("p", { class: "plain" }, "A stranger to the bot, with a phone of their own: to register, or to open an invitation."),
    el("label", {}, "Name", name),
    el("label", {}, "Language of the phone", language),
    el("button", { class: "strong", type: "submit" }, "Add"),
  );
  const sheet = open("Add a person", form);
  name.focus();
}
