/** Where a person writes: text, commands, files, samples, and the bot's reply keyboard. */

import * as api from "./api.js";
import { el, icon, iconButton } from "./dom.js";
import { Menu, roving } from "./menu.js";
import { askContact, askHow } from "./sheets.js";

const SAMPLE = "application/x-csss-sample";
const TALLEST = 140;

export class Composer {
  #person;
  #actions;
  #samples = [];
  #keysHidden = false;

  /** `actions`: send(text), upload(kind, files, caption), contact(phone), complain(sentence), unblock(). */
  constructor(person, actions) {
    this.#actions = actions;
    this.#person = person;
    this.field = el("textarea", { rows: "1", "aria-label": `Message as ${person.name}`, dir: "auto", enterkeyhint: "send" });
    this.#build();
    this.show(person);
  }

  /** Take the person's newest state: started, blocked, commands, keyboard. */
  show(person) {
    const changed = JSON.stringify(person.keyboard) !== JSON.stringify(this.#person.keyboard);
    if (changed) this.#keysHidden = false;
    this.#person = person;
    const gate = person.blocked || !person.started;
    this.row.hidden = gate;
    this.gate.hidden = !gate;
    this.gate.textContent = person.blocked ? "Unblock the bot" : "Start";
    this.field.placeholder = this.#forced()?.input_field_placeholder || person.keyboard?.input_field_placeholder || "Message";
    this.node.classList.toggle("forced", Boolean(this.#forced()));
    this.commands.button.hidden = person.commands.length === 0;
    this.#drawKeys();
  }

  offer(samples) {
    this.#samples = samples;
    this.#drawTray();
  }

  /** Ask how to send these files, then send them. */
  take(files) {
    if (files.length === 0 || this.row.hidden) return;
    askHow(this.#person.name, files, (kind, caption) => this.#actions.upload(kind, files, caption));
  }

  async takeDrop(transfer) {
    const name = transfer.getData(SAMPLE);
    if (name) await this.#takeSample(this.#samples.find((sample) => sample.name === name));
    else this.take([...transfer.files]);
  }

  static accepts(transfer) {
    return transfer.types.includes("Files") || transfer.types.includes(SAMPLE);
  }

  #forced() {
    return this.#person.keyboard?.force_reply ? this.#person.keyboard : null;
  }

  #build() {
    this.gate = el("button", { class: "gate", type: "button", on: { click: () => this.#pass() } });
    this.picker = el("input", { type: "file", multiple: true, hidden: true, tabindex: "-1", "aria-hidden": "true" });
    this.picker.addEventListener("change", () => {
      this.take([...this.picker.files]);
      this.picker.value = "";
    });
    const attach = iconButton("attach", "Attach a picture or a file", null);
    this.tray = new Menu(attach, el("div", { class: "tray", role: "group", "aria-label": "Attach" }));
    const slash = el("button", { class: "round slash", type: "button", "aria-label": "Commands", title: "Commands" }, "/");
    this.commands = new Menu(slash, el("div", { class: "commands", role: "menu", "aria-label": "Commands" }));
    this.commands.onopen = () => this.#drawCommands("");
    this.keysButton = iconButton("keys", "Show or hide the bot's keyboard", () => this.#toggleKeys());
    this.keys = el("div", { class: "replykeys", role: "group", "aria-label": "The bot's keyboard" });
    const send = iconButton("send", "Send", () => this.#submit(), { class: "round go" });
    this.row = el("div", { class: "row" }, slash, attach, this.picker, this.field, this.keysButton, send);
    this.node = el("div", { class: "composer" }, this.tray.panel, this.commands.panel, this.row, this.keys, this.gate);
    this.#listen();
    this.#drawTray();
  }

  #listen() {
    this.field.addEventListener("input", () => this.#typed());
    this.field.addEventListener("keydown", (event) => this.#pressed(event));
    this.field.addEventListener("paste", (event) => {
      if (event.clipboardData.files.length === 0) return;
      event.preventDefault();
      this.take([...event.clipboardData.files]);
    });
  }

  #typed() {
    this.field.style.height = "auto";
    this.field.style.height = `${Math.min(this.field.scrollHeight, TALLEST)}px`;
    const text = this.field.value;
    if (/^\/\w*$/.test(text)) this.#suggest(text.slice(1));
    else this.commands.close();
  }

  #suggest(prefix) {
    this.commands.open({ quietly: true });
    this.#drawCommands(prefix);
    if (!this.commands.panel.hasChildNodes()) this.commands.close();
  }

  #pressed(event) {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      this.#submit();
    }
    if ((event.key === "ArrowUp" || event.key === "ArrowDown") && this.commands.isOpen) {
      event.preventDefault();
      const items = this.commands.panel.querySelectorAll("button");
      items[event.key === "ArrowDown" ? 0 : items.length - 1]?.focus();
    }
  }

  async #submit() {
    const text = this.field.value;
    if (!text.trim()) return;
    this.#fill("");
    this.commands.close();
    const sent = await this.#actions.send(text);
    if (!sent && !this.field.value) this.#fill(text);
  }

  #fill(text) {
    this.field.value = text;
    this.#typed();
  }

  async #pass() {
    if (this.#person.blocked) await this.#actions.unblock();
    else await this.#actions.send("/start");
    this.field.focus();
  }

  #drawCommands(prefix) {
    const fitting = this.#person.commands.filter((entry) => entry.command.startsWith(prefix.toLowerCase()));
    const choose = (entry) => () => {
      this.commands.close();
      this.#fill("");
      this.field.focus();
      this.#actions.send(`/${entry.command}`);
    };
    this.commands.panel.replaceChildren(...fitting.map((entry) => el(
      "button",
      { type: "button", role: "menuitem", on: { click: choose(entry) } },
      el("b", {}, `/${entry.command}`),
      el("span", {}, entry.description),
    )));
    roving(this.commands.panel);
  }

  #drawTray() {
    const local = el("button", { type: "button", class: "soft", on: { click: () => this.#browse() } },
      icon("picture"), "From this computer…");
    const samples = this.#samples.map((sample) => this.#sample(sample));
    const hint = el("p", { class: "note" }, "or pick a sample (it can also be dragged into any chat):");
    this.tray.panel.replaceChildren(local, ...(samples.length ? [hint, el("div", { class: "samples" }, samples)] : []));
  }

  #browse() {
    this.tray.close();
    this.picker.click();
  }

  #sample(sample) {
    const face = /^image\/(png|jpeg|webp|gif)$/.test(sample.type)
      ? el("img", { src: api.sampleAddress(sample.name), alt: "", loading: "lazy", draggable: "false" })
      : icon("file");
    const on = {
      click: () => this.#takeSample(sample),
      dragstart: (event) => {
        event.dataTransfer.setData(SAMPLE, sample.name);
        event.dataTransfer.effectAllowed = "copy";
      },
    };
    return el("button", { type: "button", class: "sample", draggable: "true", title: sample.title, on }, face, el("span", {}, sample.title));
  }

  async #takeSample(sample) {
    this.tray.close();
    try {
      this.take([await api.sampleFile(sample)]);
    } catch (error) {
      this.#actions.complain(error.message);
    }
  }

  #toggleKeys() {
    this.#keysHidden = !this.#keysHidden;
    this.#drawKeys();
  }

  #drawKeys() {
    const rows = this.row.hidden ? [] : this.#person.keyboard?.keyboard ?? [];
    this.keysButton.hidden = rows.length === 0;
    this.keysButton.setAttribute("aria-expanded", String(!this.#keysHidden));
    this.keys.hidden = rows.length === 0 || this.#keysHidden;
    this.keys.replaceChildren(...rows.map((row) => el("div", {}, row.map((key) => this.#replyKey(key)))));
  }

  #replyKey(key) {
    const { text, request_contact: asksContact } = typeof key === "string" ? { text: key } : key;
    const press = () => {
      if (asksContact) askContact(this.#person.name, (phone) => this.#actions.contact(phone));
      else this.#actions.send(text);
    };
    return el("button", { type: "button", on: { click: press } }, asksContact ? icon("person") : null, text);
  }
}
