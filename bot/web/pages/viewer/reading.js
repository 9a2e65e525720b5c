/** The doctor's reading beside the film. The server says which groups, buttons and fields there are; each press is sent
 * with the hash of the draft that was shown, and the answer is the form as it stands now. */

import * as session from "./session.js";

const find = (selector) => document.querySelector(selector);

function make(tag, fields = {}, ...children) {
  const node = Object.assign(document.createElement(tag), fields);
  node.append(...children);
  return node;
}

export class Reading {
  constructor(scan, labels) {
    Object.assign(this, { scan, labels, shown: "", lines: [], typed: new Map(), opened: new Map(), busy: false });
    this.node = find("#form");
  }

  /** Shows the form; false where this person writes no findings on the scan. */
  async open() {
    const state = await session.reading(this.scan).catch((error) => {
      if (error.status === 404) return null;
      throw error;
    });
    if (!state) return false;
    this.node.setAttribute("aria-label", this.labels.reading);
    this.node.hidden = false;
    document.body.classList.add("reads");
    this.show(state);
    return true;
  }

  focus() {
    (this.node.querySelector("button, textarea, summary") ?? this.node).focus();
  }

  /** `changed`: somebody else wrote; the lines that are new stand out, those that are gone stand below. */
  show(state, changed = false) {
    const place = document.activeElement?.dataset?.key;
    const before = this.lines;
    this.shown = state.shown ?? "";
    this.lines = state.text ? state.text.split("\n") : [];
    this.status = make("p", { id: "said", tabIndex: -1, textContent: state.refused ?? state.signed ?? state.holder ?? "" });
    this.status.setAttribute("role", "status");
    const parts = [make("h2", { textContent: this.labels.reading }), this.status];
    if (state.holder) parts.push(this.again(), ...this.unsaved());
    if (state.take) parts.push(this.button(state.take, "primary"));
    if (state.shown) parts.push(this.text(changed ? before : null), ...this.notes(state.notes), this.signs(state), ...state.parts.map((part) => this.part(part)));
    this.node.replaceChildren(...parts);
    this.back(place);
  }

  again() {
    const node = make("button", { type: "button", textContent: this.labels.again });
    node.addEventListener("click", () => this.guarded(async () => this.show(await session.reading(this.scan), true)));
    return node;
  }

  /** What was typed here while somebody else holds the scan: to be copied, or saved when the form comes again. */
  unsaved() {
    return [...this.typed.values()].map((text) => {
      const node = make("textarea", { value: text, readOnly: true, dir: "auto" });
      return make("p", { className: "field" }, make("label", {}, make("span", { textContent: this.labels.unsaved }), node));
    });
  }

  /** What is signed, as it stands in the report. */
  text(before) {
    const lines = this.lines.map((line) => make(before && !before.includes(line) ? "mark" : "span", { textContent: line, dir: "auto" }));
    const gone = before ? before.filter((line) => !this.lines.includes(line)) : [];
    const whole = make("div", { className: "draft" }, ...(lines.length ? lines : [make("span", { textContent: this.labels.no_draft })]));
    if (gone.length) whole.append(make("span", { className: "soft", textContent: this.labels.gone }), ...gone.map((line) => make("del", { textContent: line, dir: "auto" })));
    whole.setAttribute("role", "group");
    whole.setAttribute("aria-label", this.labels.draft);
    return whole;
  }

  notes(lines) {
    return lines.map((line) => make("p", { className: "note", textContent: line, dir: "auto" }));
  }

  part(part) {
    if (part.parts) return this.group(part);
    if (part.choices) return make("div", { className: "choices" }, ...part.choices.map((one) => this.button(one)));
    return this.field(part);
  }

  group(part) {
    const node = make("details", { open: this.opened.get(part.key) ?? part.open }, make("summary", { textContent: part.title }), ...part.parts.map((one) => this.part(one)));
    node.firstChild.dataset.key = part.key;
    node.addEventListener("toggle", () => this.opened.set(part.key, node.open));
    return node;
  }

  button(choice, kind = "") {
    const node = make("button", { type: "button", textContent: choice.label, className: kind });
    if (choice.pressed !== undefined) node.setAttribute("aria-pressed", String(choice.pressed));
    const { on, ...stable } = choice.act; // a pressed button asks for the opposite, and keeps the focus
    node.dataset.key = JSON.stringify(stable);
    node.addEventListener("click", () => this.press(choice.act));
    return node;
  }

  /** A field keeps what is typed into it until it is saved, whatever else is shown anew. */
  field(part) {
    const key = JSON.stringify(part.field);
    const node = make(part.line ? "input" : "textarea", { value: this.typed.get(key) ?? part.value, maxLength: part.most, dir: "auto" });
    const save = make("button", { type: "button", textContent: this.labels.save, hidden: !this.typed.has(key) });
    node.dataset.key = key;
    save.setAttribute("aria-label", `${this.labels.save}: ${part.title}`);
    node.addEventListener("input", () => {
      if (node.value === part.value) this.typed.delete(key);
      else this.typed.set(key, node.value);
      save.hidden = !this.typed.has(key);
    });
    node.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (part.line || event.ctrlKey || event.metaKey)) this.press(null);
    });
    save.addEventListener("click", () => this.press(null));
    return make("p", { className: "field" }, make("label", {}, make("span", { textContent: part.title }), node), save);
  }

  signs(state) {
    const asked = state.difference;
    const node = make("div", { className: "signs" }, ...this.notes(asked?.notes ?? []));
    node.append(...(asked ?? state).signs.map((one) => this.button(one, "primary")));
    return node;
  }

  back(key) {
    const same = key && [...this.node.querySelectorAll("[data-key]")].find((node) => node.dataset.key === key);
    if (same) same.focus();
    else if (key) this.status.focus();
  }

  say(text) {
    this.status.textContent = text;
    this.status.focus();
  }

  /** Save what is typed, then do the act; a signature waits until what was typed just now has been read. */
  async press(act) {
    if (this.busy) return;
    this.busy = true;
    try {
      await this.guarded(() => this.saveAndDo(act));
    } finally {
      this.busy = false;
    }
  }

  async saveAndDo(act) {
    const unsaved = this.typed.size > 0;
    if (!(await this.save()) || !act) return;
    if (unsaved && act.act.startsWith("sign")) this.say(this.labels.read_then_sign);
    else await this.send(act);
  }

  /** Say in words what failed; what is typed stays. */
  async guarded(work) {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof session.Refused)) throw error;
      const name = { 401: "signed_out", 404: "forbidden", 429: "busy" }[error.status] ?? "failed";
      this.say(this.labels[name]);
    }
  }

  async save() {
    for (const [key, text] of [...this.typed]) {
      if (!(await this.send({ ...JSON.parse(key), text }, () => this.typed.delete(key)))) return false;
    }
    return true;
  }

  /** Returns whether the act was done. What is typed stays in its field where it was not. */
  async send(act, done = () => {}) {
    const answer = await session.act(this.scan, { ...act, shown: this.shown });
    if (answer.proof) {
      await this.prove(answer.proof, act);
      return false;
    }
    if (!answer.refused) done();
    const stale = Boolean(answer.refused) && answer.shown !== this.shown;
    if (answer.refused && !answer.shown && !answer.take && !answer.holder) this.say(answer.refused);
    else this.show(answer, stale);
    if (answer.refused || answer.signed) this.status.focus();
    return !answer.refused;
  }

  /** Ask for an own code, then do the act. */
  async prove(text, act) {
    const sent = await session.askCode(this.scan);
    const code = make("input", { autocomplete: "one-time-code", maxLength: 64, inputMode: "numeric" });
    const go = make("button", { type: "button", textContent: this.labels.go_on, className: "primary" });
    const said = make("p", { textContent: sent.refused ?? "" });
    said.setAttribute("role", "alert");
    const box = make("div", { className: "proof" }, make("label", {}, make("span", { textContent: text }), code), go, said);
    const enter = () => this.guarded(async () => {
      const answer = await session.giveCode(this.scan, code.value.trim());
      said.textContent = answer.refused ?? "";
      if (answer.refused) code.select();
      else {
        box.remove();
        await this.press(act);
      }
    });
    code.addEventListener("keydown", (event) => event.key === "Enter" && enter());
    go.addEventListener("click", enter);
    this.node.querySelector(".proof")?.remove();
    this.node.querySelector(".signs").append(box);
    code.focus();
  }
}
