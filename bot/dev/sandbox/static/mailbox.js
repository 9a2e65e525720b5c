/** The mailbox: every email that the demo's mail server caught, newest first. */

import * as api from "./api.js";
import { clock, dayOf, el, icon, iconButton } from "./dom.js";
import { linked } from "./entities.js";
import { fileCard } from "./message.js";

const PAPER = "<!doctype html><meta http-equiv='Content-Security-Policy' content=\"default-src 'none'; "
  + "img-src data:; style-src 'unsafe-inline'\"><meta name='color-scheme' content='light'><base target='_blank'>"
  + "<style>body{font:15px/1.5 system-ui,sans-serif;margin:16px;color:#1b2a2f;overflow-wrap:anywhere}</style>";

function bare(address) {
  return address.replace(/^.*<(.+)>$/, "$1");
}

export class Mailbox {
  #mails = new Map();
  #unread = new Set();
  #list = el("ol", { class: "mails", "aria-label": "Emails, newest first" });
  #reader = el("article", { class: "reader", hidden: true, tabindex: "-1" });
  #empty = el("p", { class: "empty" }, "No emails yet. Codes and reports that the bot sends by email arrive here.");
  #about = el("p", { class: "about" });
  #shown = null;

  constructor({ openStart }) {
    this.openStart = openStart;
    const name = el("h2", { id: "mailbox-name" }, "Mailbox");
    const face = el("span", { class: "avatar", "aria-hidden": "true" }, icon("mail"));
    const head = el("header", {}, face, el("div", { class: "who" }, name, this.#about));
    const live = el("div", { class: "scroll", role: "log", "aria-live": "polite", "aria-label": "Emails", tabindex: "0" }, this.#list);
    const room = el("div", { class: "room" }, live, this.#empty, this.#reader);
    this.node = el("section", { id: "mailbox", class: "pane mailbox", "aria-labelledby": "mailbox-name", tabindex: "-1" }, head, room);
    this.#count();
  }

  /** True when the mail was not known before. */
  put(mail) {
    if (this.#mails.has(mail.id)) return false;
    this.#mails.set(mail.id, mail);
    this.#unread.add(mail.id);
    this.#list.prepend(this.#row(mail));
    this.#count();
    return true;
  }

  /** Make the list agree with the server's, whose numbers begin anew when it does. */
  replace(mails) {
    const heard = new Map(mails.map((mail) => [mail.id, mail.message_id]));
    const kept = new Set([...this.#mails.values()].filter((mail) => heard.get(mail.id) === mail.message_id).map((mail) => mail.id));
    for (const id of [...this.#mails.keys()].filter((known) => !kept.has(known))) {
      this.#mails.delete(id);
      this.#unread.delete(id);
      this.#list.querySelector(`[data-mail="${CSS.escape(id)}"]`)?.remove();
    }
    if (!kept.has(this.#shown)) this.#close();
    mails.forEach((mail) => this.put(mail));
    this.#count();
  }

  #count() {
    const unread = this.#unread.size;
    this.#empty.hidden = this.#mails.size > 0;
    this.#about.textContent = unread ? `${unread} unread` : "every email stays here";
  }

  #row(mail) {
    const pins = mail.attachments.length ? el("span", { class: "pins" }, icon("attach"), String(mail.attachments.length)) : null;
    const button = el(
      "button",
      { type: "button", on: { click: () => this.#read(mail) } },
      el("span", { class: "subject" }, mail.subject || "(no subject)"),
      el("time", {}, clock(mail.date)),
      el("span", { class: "to" }, `To ${mail.to.map(bare).join(", ")}`, pins),
    );
    return el("li", { class: "unread", "data-mail": mail.id }, button);
  }

  #read(mail) {
    this.#shown = mail.id;
    this.#unread.delete(mail.id);
    this.#rowOf(mail.id)?.classList.remove("unread");
    this.#count();
    const body = el("div", { class: "body" });
    this.#reader.setAttribute("aria-label", mail.subject || "Email without a subject");
    this.#reader.replaceChildren(this.#letterhead(mail), this.#pins(mail), this.#views(mail, body), body);
    this.#reader.hidden = false;
    this.#list.parentElement.inert = true;
    this.#reader.focus();
    if (mail.html) this.#showHtml(mail, body);
    else this.#showText(mail, body);
  }

  #rowOf(id) {
    return this.#list.querySelector(`[data-mail="${CSS.escape(id)}"]`);
  }

  #letterhead(mail) {
    const fact = (label, value) => el("div", {}, el("dt", {}, label), el("dd", {}, value));
    return el(
      "header",
      {},
      iconButton("back", "Back to the list", () => this.#close()),
      el("h3", {}, mail.subject || "(no subject)"),
      el("dl", {}, fact("From", mail.from), fact("To", mail.to.join(", ")), fact("Sent", `${dayOf(mail.date)}, ${clock(mail.date)}`)),
    );
  }

  #pins(mail) {
    if (mail.attachments.length === 0) return "";
    const cards = mail.attachments.map((part) => fileCard(part.name, part.type, part.size, api.attachmentAddress(mail.id, part.index)));
    return el("div", { class: "attachments", role: "group", "aria-label": "Attachments" }, cards);
  }

  #views(mail, body) {
    if (!mail.html || !mail.text) return "";
    const choose = (show) => (event) => {
      for (const other of event.currentTarget.parentElement.children) other.setAttribute("aria-pressed", "false");
      event.currentTarget.setAttribute("aria-pressed", "true");
      show(mail, body);
    };
    const views = [["Formatted", this.#showHtml, true], ["Plain text", this.#showText, false]];
    return el("div", { class: "views", role: "group", "aria-label": "How to show this email" }, views.map(([label, show, now]) =>
      el("button", { type: "button", "aria-pressed": String(now), on: { click: choose(show.bind(this)) } }, label)));
  }

  async #showHtml(mail, body) {
    const sandbox = "allow-popups allow-popups-to-escape-sandbox";
    const frame = el("iframe", { sandbox, title: `Email: ${mail.subject}`, referrerpolicy: "no-referrer" });
    try {
      frame.srcdoc = PAPER + await api.mailHtml(mail.id);
      body.replaceChildren(frame);
    } catch (error) {
      body.replaceChildren(el("p", { class: "failed" }, error.message));
    }
  }

  #showText(mail, body) {
    body.replaceChildren(el("pre", { dir: "auto" }, linked(mail.text ?? "", { openStart: this.openStart })));
  }

  #close() {
    if (this.#reader.hidden) return;
    this.#reader.hidden = true;
    this.#list.parentElement.inert = false;
    this.#rowOf(this.#shown)?.querySelector("button").focus();
    this.#shown = null;
  }
}
