/** One person's phone: header, messages, composer. */

import * as api from "./api.js";
import { Composer } from "./composer.js";
import { el, iconButton, initials } from "./dom.js";
import { Menu } from "./menu.js";
import { alertOf, webApp } from "./sheets.js";
import { Thread } from "./thread.js";
import { sendFiles } from "./uploads.js";

const ROLES = ["patient", "doctor", "pharmacist", "admin"];
const ACTIONS = { typing: "CSSS is typing", upload_document: "CSSS is sending a file", upload_photo: "CSSS is sending a photo" };
const TOAST_MS = 5000;

/** The colour class of a role; whoever has none yet is grey. */
export function tint(role) {
  const known = ROLES.find((name) => (role ?? "").toLowerCase().startsWith(name));
  return `role-${known ?? "other"}`;
}

function languageOf(person) {
  return new Intl.DisplayNames(["en"], { type: "language" }).of(person.language_code || "en");
}

export class Chat {
  #waiting = new Set();
  #avatar = el("span", { class: "avatar", "aria-hidden": "true" });
  #name = el("h2");
  #about = el("p", { class: "about" });
  #toasts = el("div", { class: "toasts", role: "status" });
  #empty = el("p", { class: "empty" });

  /** `openStart(payload)` asks who follows a start link. */
  constructor(person, { openStart }) {
    this.person = person;
    this.thread = new Thread(`Messages of ${person.name}`, {
      send: (text) => this.send(text),
      press: (id, data) => this.press(id, data),
      openWebApp: (id, url, title) => this.openWebApp(id, url, title),
      isWaiting: (id, data) => this.#waiting.has(`${id} ${data}`),
      openStart,
    });
    this.composer = new Composer(person, {
      send: (text) => this.send(text),
      upload: (kind, files, caption) => sendFiles(this, kind, files, caption),
      contact: (phone) => this.#contact(phone),
      complain: (sentence) => this.toast(sentence, "bad"),
      unblock: () => this.#setBlocked(false),
    });
    this.#build();
    this.show(person);
  }

  show(person) {
    this.person = person;
    this.#name.textContent = person.name;
    this.#avatar.textContent = initials(person.name);
    const language = languageOf(person);
    this.#about.textContent = `${person.role || "no role yet"}${language === "English" ? "" : ` · ${language}`}${person.blocked ? " · bot blocked" : ""}`;
    this.node.className = `pane chat ${tint(person.role)}`;
    this.#blockItem.textContent = person.blocked ? "Unblock the bot" : "Block the bot";
    this.#blockItem.hidden = !person.started;
    this.#facts.textContent = `Chat id ${person.chat_id} · phone in ${language}`;
    this.composer.show(person);
    this.#showEmpty();
  }

  /** True when the message is new and somebody else's, which is what counts as unread. */
  put(message) {
    const fresh = this.thread.put(message);
    this.#showEmpty();
    return fresh && !message.outgoing;
  }

  replace(messages) {
    this.thread.replace(messages);
    this.#showEmpty();
  }

  act(action) {
    this.thread.typing(ACTIONS[action] ?? "CSSS is busy");
  }

  toast(sentence, kind = "") {
    const note = el("p", { class: `toast ${kind}` }, sentence);
    this.#toasts.append(note);
    setTimeout(() => note.remove(), TOAST_MS);
  }

  /** Send a text; false (after saying why) when it did not go out. */
  async send(text) {
    return this.#try(async () => {
      if (text.startsWith("/start") && this.person.blocked) await api.unblock(this.person.chat_id);
      this.put(await api.sendText(this.person.chat_id, text));
    });
  }

  /** Press an inline button and show the bot's answer: a toast, or an alert when the bot wants one. */
  async press(id, data) {
    const key = `${id} ${data}`;
    if (this.#waiting.has(key)) return;
    this.#waiting.add(key);
    this.thread.redraw(id);
    await this.#try(async () => this.#tell(await api.press(this.person.chat_id, id, data)));
    this.#waiting.delete(key);
    this.thread.redraw(id);
  }

  /** Open a Mini App with the init data of this person. */
  async openWebApp(id, url, title) {
    await this.#try(async () => webApp(title, (await api.webApp(this.person.chat_id, id, url)).address));
  }

  #tell(answer) {
    if (!answer.answered) this.toast("The bot has not answered this press.", "bad");
    else if (answer.text && answer.show_alert) alertOf(this.person.name, answer.text);
    else if (answer.text) this.toast(answer.text);
  }

  async #contact(phone) {
    const { chat_id: id, name } = this.person;
    const own = { user_id: id, phone_number: phone, first_name: name.split(" ")[0] };
    await this.#try(async () => this.put(await api.sendContact(id, own)));
  }

  async #setBlocked(blocked) {
    const call = blocked ? api.block : api.unblock;
    await this.#try(() => call(this.person.chat_id));
  }

  async #try(work) {
    try {
      await work();
      return true;
    } catch (error) {
      this.toast(error.message, "bad");
      return false;
    }
  }

  #blockItem = el("button", { type: "button", role: "menuitem" });
  #facts = el("p", { class: "note" });

  #build() {
    const dots = iconButton("menu", "More", null);
    const menu = new Menu(dots, el("div", { class: "more", role: "menu", "aria-label": "More" }, this.#blockItem, this.#facts));
    this.#blockItem.addEventListener("click", () => {
      menu.close();
      dots.focus();
      this.#setBlocked(!this.person.blocked);
    });
    const id = `person-${this.person.chat_id}`;
    this.#name.id = `${id}-name`;
    const head = el("header", {}, this.#avatar, el("div", { class: "who" }, this.#name, this.#about), dots, menu.panel);
    const room = el("div", { class: "room" }, this.thread.node, this.#empty, this.#toasts);
    this.node = el("section", { id, "aria-labelledby": this.#name.id, tabindex: "-1" }, head, room, this.composer.node);
    this.#catchDrops();
  }

  #showEmpty() {
    this.#empty.hidden = this.thread.size > 0;
    this.#empty.textContent = this.person.started
      ? "No messages yet. Write something, or press / for the commands."
      : `${this.person.name} has not opened the bot yet. Press Start.`;
  }

  #catchDrops() {
    const over = (event) => {
      if (!Composer.accepts(event.dataTransfer)) return;
      event.preventDefault();
      event.dataTransfer.dropEffect = "copy";
      this.node.classList.add("dropping");
    };
    this.node.addEventListener("dragover", over);
    this.node.addEventListener("dragleave", (event) => {
      if (!this.node.contains(event.relatedTarget)) this.node.classList.remove("dropping");
    });
    this.node.addEventListener("drop", (event) => {
      event.preventDefault();
      this.node.classList.remove("dropping");
      this.composer.takeDrop(event.dataTransfer);
    });
  }
}
