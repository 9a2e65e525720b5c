/** The slices of one heart, leafed through or played as a loop; each is fetched once. */

const PAUSE = 120; // milliseconds between the slices of a loop

export class Slices {
  /** `films` maps scan numbers, in their order, to films or null; `load(scan)` fetches one. */
  constructor(view, films, first, load) {
    Object.assign(this, { view, films, load, timer: 0 });
    this.scans = [...films.keys()];
    this.at = this.scans.indexOf(first);
  }

  get place() {
    return `${this.at + 1} / ${this.scans.length}`;
  }

  /** Show the slice so many further on, round the end. The window of the one before is kept. */
  async turn(by) {
    const next = (this.at + by + this.scans.length) % this.scans.length;
    this.at = next;
    const scan = this.scans[next];
    const film = this.films.get(scan) ?? (await this.load(scan));
    this.films.set(scan, film);
    if (this.at !== next) return; // turned on while it was fetched
    const before = this.view.film;
    if (before.top === film.top) {
      film.window = [...before.window];
      film.inverted = before.inverted;
      film.sharpen(before.sharp);
    }
    this.view.show(film);
  }

  /** Fetch all, then play until it is stopped. Returns whether it plays now. */
  async play() {
    if (this.timer) {
      clearInterval(this.timer);
      this.timer = 0;
      return false;
    }
    for (let step = 0; step < this.scans.length; step++) await this.turn(1);
    this.timer = setInterval(() => this.turn(1), PAUSE);
    return true;
  }
}
