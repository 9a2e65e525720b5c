/** The bar that leads to each pane and counts what was not seen there. */

import { el, initials } from "./dom.js";

const NARROW = window.matchMedia("(max-width: 759px)");

export class Tabs {
  #tabs = new Map();
  #seen;

  /** `bar` is the navigation, `panes` the scrolling row of panes. */
  constructor(bar, panes) {
    this.bar = bar;
    this.panes = panes;
    this.#seen = new IntersectionObserver((entries) => entries.forEach((entry) => this.#sight(entry)), { threshold: 0.6 });
    NARROW.addEventListener("change", () => this.#fit());
    new ResizeObserver(() => this.#fit()).observe(panes);
  }

  /** Add a pane, or give a known one its new name and colour. */
  add(id, node, name, face, tint) {
    const known = this.#tabs.get(id);
    const badge = known?.badge ?? el("span", { class: "badge" });
    const button = known?.button ?? el("button", { type: "button", on: { click: () => this.select(id) } });
    const avatar = el("span", { class: "avatar", "aria-hidden": "true" }, typeof face === "string" ? initials(face) : face);
    button.className = tint;
    button.replaceChildren(avatar, el("span", { class: "tabname" }, name), badge);
    if (known) return;
    this.#tabs.set(id, { button, badge, node, unread: 0, seen: false });
    this.bar.insertBefore(button, id === "mailbox" ? null : this.#tabs.get("mailbox")?.button ?? null);
    node.dataset.tab = id;
    this.#seen.observe(node);
    if (!this.current || (this.current === "mailbox" && this.#tabs.size === 2)) this.#mark(id);
    this.#fit();
  }

  drop(id) {
    const tab = this.#tabs.get(id);
    tab.button.remove();
    this.#seen.unobserve(tab.node);
    this.#tabs.delete(id);
    if (this.current === id) this.#mark(this.#tabs.keys().next().value);
  }

  /** Something new came to this pane; it counts while the pane is out of sight. */
  count(id) {
    const tab = this.#tabs.get(id);
    if (tab.seen) return;
    tab.unread += 1;
    this.#label(tab);
  }

  /** Show the pane: alone on a phone, scrolled into view elsewhere. */
  select(id) {
    this.#mark(id);
    const { node } = this.#tabs.get(id);
    if (!NARROW.matches) node.scrollIntoView({ inline: "center", block: "nearest" });
    node.focus({ preventScroll: true });
  }

  #mark(id) {
    this.current = id;
    for (const [other, tab] of this.#tabs) {
      tab.node.classList.toggle("current", other === id);
      if (other === id) tab.button.setAttribute("aria-current", "true");
      else tab.button.removeAttribute("aria-current");
    }
  }

  #sight(entry) {
    const tab = this.#tabs.get(entry.target.dataset.tab);
    if (!tab) return;
    tab.seen = entry.isIntersecting;
    if (!tab.seen) return;
    tab.unread = 0;
    this.#label(tab);
  }

  #label(tab) {
    tab.badge.replaceChildren(...(tab.unread ? [String(tab.unread), el("span", { class: "unseen" }, " unread")] : []));
  }

  #fit() {
    this.bar.hidden = !NARROW.matches && this.panes.scrollWidth <= this.panes.clientWidth + 1;
  }
}
