/** A button that opens a panel: Escape and a click elsewhere close it, arrow keys walk it. */

export class Menu {
  onopen = () => {};

  constructor(button, panel) {
    this.button = button;
    this.panel = panel;
    panel.hidden = true;
    panel.classList.add("panel");
    button.setAttribute("aria-expanded", "false");
    button.setAttribute("aria-haspopup", panel.getAttribute("role") === "menu" ? "menu" : "true");
    button.addEventListener("click", () => (this.isOpen ? this.close() : this.open()));
    panel.addEventListener("keydown", (event) => this.#walk(event));
    document.addEventListener("pointerdown", (event) => this.#elsewhere(event));
    document.addEventListener("keydown", (event) => event.key === "Escape" && this.#escape());
  }

  get isOpen() {
    return !this.panel.hidden;
  }

  /** Show the panel; unless `quietly`, its first control gets the focus. */
  open({ quietly = false } = {}) {
    this.panel.hidden = false;
    this.button.setAttribute("aria-expanded", "true");
    this.onopen();
    if (!quietly) this.panel.querySelector("button")?.focus();
  }

  close() {
    this.panel.hidden = true;
    this.button.setAttribute("aria-expanded", "false");
  }

  #escape() {
    if (!this.isOpen) return;
    const inside = this.panel.contains(document.activeElement);
    this.close();
    if (inside) this.button.focus();
  }

  #elsewhere(event) {
    if (!this.panel.contains(event.target) && !this.button.contains(event.target)) this.close();
  }

  #walk(event) {
    const steps = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 };
    if (!(event.key in steps)) return;
    event.preventDefault();
    const items = [...this.panel.querySelectorAll("button")];
    const next = items.indexOf(document.activeElement) + steps[event.key];
    items.at(next % items.length)?.focus();
  }
}

/** Leave one control of a menu in the tab order; arrow keys reach the others. */
export function roving(panel) {
  [...panel.querySelectorAll("button")].forEach((item, index) => {
    item.tabIndex = index === 0 ? 0 : -1;
  });
}
