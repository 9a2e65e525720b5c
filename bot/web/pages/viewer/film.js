/** A film's values, and the picture that a window makes of them. */

import { sharpened } from "./sharpen.js";

const SAMPLE = 200_000; // values that a histogram is made of

/** The windows by their share of the film's values: what is dark (lungs) to what is bright (bone). */
const SHARES = { full: [0, 1], lungs: [0, 0.6], mediastinum: [0.35, 0.95], bone: [0.6, 1] };

export class Film {
  constructor({ width, height, bits, window, spacing, at_detector: atDetector, values }) {
    Object.assign(this, { width, height, spacing, atDetector, values, shown: values });
    this.top = bits === 8 ? 255 : 65_535;
    this.own = window;
    this.window = [...window];
    this.inverted = false;
    this.canvas = new OffscreenCanvas(1, 1);
    this.step = 0;
    this.sorted = Float32Array.from(sample(values)).sort();
    this.render();
  }

  /** Choose a window by name: "own" is the file's. */
  preset(name) {
    if (name === "own") this.window = [...this.own];
    else this.window = SHARES[name].map((share) => this.sorted[Math.round(share * (this.sorted.length - 1))]);
    this.render();
  }

  /** Widen or narrow, and move; shares of the whole range. While a finger moves, each `step`-th pixel is enough. */
  adjust(level, width, step) {
    const [low, high] = this.window;
    const centre = (low + high) / 2 + level * this.top;
    const half = Math.max(this.top / 512, (high - low) / 2 + (width * this.top) / 2);
    this.window = [centre - half, centre + half];
    this.render(step);
  }

  invert() {
    this.inverted = !this.inverted;
    this.render();
  }

  get sharp() {
    return this.shown !== this.values;
  }

  /** Draw edges more clearly, or as they are. */
  sharpen(wanted) {
    if (wanted) this.sharpened ??= sharpened(this.values, this.width, this.height, this.top);
    this.shown = wanted ? this.sharpened : this.values;
    this.render();
  }

  /** Draw the values through the window, each `step`-th in both directions. */
  render(step = 1) {
    const width = Math.ceil(this.width / step);
    const height = Math.ceil(this.height / step);
    if (step !== this.step) {
      this.canvas.width = width;
      this.canvas.height = height;
      this.context = this.canvas.getContext("2d");
      this.image = this.context.createImageData(width, height);
      this.step = step;
    }
    const shades = this.#shades();
    const pixels = new Uint32Array(this.image.data.buffer);
    for (let y = 0, at = 0; y < height; y++) {
      const row = y * step * this.width;
      for (let x = 0; x < width; x++) pixels[at++] = shades[this.shown[row + x * step]];
    }
    this.context.putImageData(this.image, 0, 0);
  }

  #shades() {
    const [low, high] = this.window;
    const scale = 255 / Math.max(high - low, 1e-6);
    const shades = new Uint32Array(this.top + 1);
    for (let value = 0; value <= this.top; value++) {
      const grey = Math.min(255, Math.max(0, Math.round((value - low) * scale)));
      const shown = this.inverted ? 255 - grey : grey;
      shades[value] = 0xff000000 | (shown << 16) | (shown << 8) | shown;
    }
    return shades;
  }
}

function sample(values) {
  const step = Math.max(1, Math.floor(values.length / SAMPLE));
  return values.filter((_, at) => at % step === 0);
}
