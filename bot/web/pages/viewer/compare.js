/** An earlier film: beside this one, or over it to the right of a line that a slider moves. */

const find = (selector) => document.querySelector(selector);

export class Comparison {
  /** `views`: all that are shown; `open(title)` makes the pane of the earlier film, `load(scan)` fetches one. */
  constructor(views, earlier, open, load) {
    Object.assign(this, { views, earlier, open, load, right: null, wanted: "" });
    find("#wipe").addEventListener("input", () => this.#move());
  }

  /** Show the film of this scan, or none for "". */
  async show(scan) {
    this.wanted = scan;
    this.views.length = 1;
    this.#layOver(null);
    this.#hide(true);
    if (!scan) return;
    const { title } = this.earlier.find((one) => String(one.scan) === scan);
    const film = await this.load(scan);
    if (this.wanted !== scan) return; // another was chosen while it was fetched
    this.#hide(false);
    film.sharpen(this.views[0].film.sharp);
    this.right ??= this.open(title);
    find("#right .caption").textContent = title;
    this.right.show(film);
    this.views.push(this.right);
  }

  /** Lay the earlier film over this one, or put it beside again. */
  wipe() {
    this.#layOver(this.views[0].other ? null : this.right.film);
    find("#right").hidden = Boolean(this.views[0].other);
  }

  /** Hidden while there is no earlier film, or another one is being fetched: nobody takes one for the other. */
  #hide(hidden) {
    find("#right").hidden = hidden;
    find('[data-name="wipe"]').hidden = hidden;
  }

  #layOver(film) {
    this.views[0].other = film;
    find("#wipe").hidden = !film;
    find("#beyond").textContent = film ? `${find("#right .caption").textContent} ▸` : "";
    find('[data-name="wipe"]').setAttribute("aria-pressed", String(Boolean(film)));
    this.#move();
  }

  #move() {
    this.views[0].wiped = find("#wipe").value / 100;
    this.views[0].draw();
  }
}
