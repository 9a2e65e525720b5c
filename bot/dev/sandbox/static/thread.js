/** The list of messages in one chat: each message once, in order, whatever way and however often it arrives. */

import { dayOf, el } from "./dom.js";
import { bubble } from "./message.js";

const TRACE_MS = 3500;
const TYPING_MS = 5000;

function unitOf(message) {
  return message.media_group_id ? `album ${message.media_group_id}` : `message ${message.message_id}`;
}

export class Thread {
  #messages = new Map();
  #units = new Map();
  #gone = new Set();
  #actions;
  #list = el("ol", { class: "thread" });
  #typing = el("p", { class: "typing", hidden: true });
  #jump = el("button", { class: "jump", type: "button", hidden: true });
  #stuck = true;
  #below = 0;
  #top = 0;
  #timer = 0;

  constructor(label, actions) {
    this.#actions = actions;
    const log = { class: "scroll", role: "log", "aria-live": "polite", "aria-label": label, tabindex: "0" };
    this.scroller = el("div", { ...log, on: { scroll: () => this.#scrolled() } }, this.#list, this.#typing);
    this.#jump.addEventListener("click", () => this.toEnd());
    this.node = el("div", { class: "log" }, this.scroller, this.#jump);
    const settle = new ResizeObserver(() => this.#settle());
    settle.observe(this.scroller);
    settle.observe(this.#list);
  }

  /** Show the message, or a newer version of it; true when it was not known before. */
  put(message) {
    const known = this.#messages.get(message.message_id);
    if (message.deleted) {
      this.remove([message.message_id]);
      return false;
    }
    if (this.#gone.has(message.message_id)) return false; // an answer that was overtaken by the deletion
    if (known?.event >= message.event) return false;
    this.#show(message);
    return !known;
  }

  /** Make the list agree with the server's, which may be another server that numbers anew. */
  replace(messages) {
    const present = messages.filter((message) => !message.deleted);
    const kept = new Set(present.map((message) => message.message_id));
    this.#forget([...this.#messages.keys()].filter((id) => !kept.has(id)), false);
    this.#gone.clear();
    for (const message of present) {
      const known = this.#messages.get(message.message_id);
      if (JSON.stringify(known) !== JSON.stringify(message)) this.#show(message);
    }
  }

  /** Let messages vanish, leaving a short trace that fades. */
  remove(ids) {
    this.#forget(ids, true);
  }

  redraw(id) {
    const message = this.#messages.get(id);
    if (message) this.#draw(unitOf(message));
  }

  /** Show what the bot is doing for at most five seconds, as Telegram does; null ends it. */
  typing(sentence) {
    clearTimeout(this.#timer);
    this.#typing.hidden = sentence === null;
    if (sentence === null) return;
    this.#typing.replaceChildren(sentence, el("span", { class: "dots", "aria-hidden": "true" }, el("i"), el("i"), el("i")));
    this.#timer = setTimeout(() => this.typing(null), TYPING_MS);
    this.#settle();
  }

  /** Add a node that is no message (an upload under way) to the end. */
  append(node) {
    this.#list.append(node);
    this.#stuck = true;
    this.#settle();
  }

  toEnd() {
    this.#stuck = true;
    this.#settle();
  }

  get size() {
    return this.#messages.size;
  }

  #show(message) {
    const known = this.#messages.has(message.message_id);
    this.#messages.set(message.message_id, message);
    this.#draw(unitOf(message));
    if (!message.outgoing) this.typing(null);
    if (!known && !this.#stuck && !message.outgoing) this.#below += 1;
    if (!known && message.outgoing) this.#stuck = true;
    this.#settle();
  }

  #draw(unit) {
    const messages = this.#parts(unit);
    const known = this.#units.get(unit);
    if (messages.length === 0) {
      this.#units.delete(unit);
      return;
    }
    const item = known ?? this.#place(unit, messages[0]);
    const focused = item.contains(document.activeElement) ? document.activeElement.dataset.callback : undefined;
    item.className = messages[0].outgoing ? "out" : "in";
    item.replaceChildren(...bubble(messages, this.#actions));
    if (focused !== undefined) item.querySelector(`[data-callback="${CSS.escape(focused)}"]`)?.focus();
  }

  #parts(unit) {
    const parts = [...this.#messages.values()].filter((message) => unitOf(message) === unit);
    return parts.sort((a, b) => a.message_id - b.message_id);
  }

  #place(unit, message) {
    const item = el("li", { "data-order": message.message_id, "data-unit": unit });
    const later = [...this.#units.values()].filter((other) => Number(other.dataset.order) > message.message_id);
    const next = later.sort((a, b) => a.dataset.order - b.dataset.order)[0];
    if (next) next.before(item);
    else this.#newest(item, message);
    this.#units.set(unit, item);
    return item;
  }

  #newest(item, message) {
    const day = dayOf(message.date);
    const waiting = this.#list.querySelector(".pending");
    if (this.#list.dataset.day !== day) this.#list.insertBefore(el("li", { class: "day" }, el("span", {}, day)), waiting);
    this.#list.dataset.day = day;
    this.#list.insertBefore(item, waiting);
  }

  #forget(ids, withTrace) {
    for (const id of ids) {
      this.#gone.add(id);
      const message = this.#messages.get(id);
      if (!message) continue;
      const unit = unitOf(message);
      const item = this.#units.get(unit);
      this.#messages.delete(id);
      this.#draw(unit);
      if (this.#units.has(unit)) continue;
      if (withTrace) this.#trace(item);
      else item.remove();
    }
  }

  #trace(item) {
    const trace = el("li", { class: "trace" }, el("span", {}, "Message deleted"));
    item.replaceWith(trace);
    setTimeout(() => trace.remove(), TRACE_MS);
  }

  #scrolled() {
    const { scrollHeight, scrollTop, clientHeight } = this.scroller;
    if (clientHeight === 0) return;
    const atEnd = scrollHeight - scrollTop - clientHeight < 60;
    this.#stuck = atEnd || (this.#stuck && scrollTop >= this.#top); // only going up leaves the end
    this.#top = scrollTop;
    if (this.#stuck) this.#below = 0;
    this.#showJump();
  }

  #settle() {
    if (this.#stuck) {
      this.#below = 0;
      this.scroller.scrollTop = this.scroller.scrollHeight;
    }
    this.#showJump();
  }

  #showJump() {
    this.#jump.hidden = this.#stuck;
    this.#jump.textContent = this.#below ? `↓ ${this.#below} new` : "↓ Newest";
  }
}
