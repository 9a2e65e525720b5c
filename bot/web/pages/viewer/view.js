/** A pane that shows a film: zoom, pan, turn and flip by a camera that several panes share. */

const LARGEST = 40;
const SMALLEST = 0.5;

/** Where all panes look: the point in the middle as shares of the film, the zoom beyond "whole film", the turn. */
export class Camera {
  constructor() {
    this.listeners = [];
    this.reset();
  }

  reset() {
    Object.assign(this, { u: 0.5, v: 0.5, zoom: 1, quarters: 0, flipped: false });
    this.changed();
  }

  change(values) {
    Object.assign(this, values);
    this.zoom = Math.min(LARGEST, Math.max(SMALLEST, this.zoom));
    this.u = Math.min(1, Math.max(0, this.u));
    this.v = Math.min(1, Math.max(0, this.v));
    this.changed();
  }

  changed() {
    for (const listener of this.listeners) listener();
  }
}

export class View {
  constructor(canvas, camera, measures) {
    Object.assign(this, { canvas, camera, measures, film: null, overlay: null, covered: false, due: false });
    Object.assign(this, { other: null, wiped: 0.5 }); // a film to the right of a line, which is this share of the pane
    this.context = canvas.getContext("2d");
    camera.listeners.push(() => this.draw());
    new ResizeObserver(() => this.#resize()).observe(canvas);
    this.#resize();
  }

  show(film) {
    this.film = film;
    this.draw();
  }

  /** Draw before the next frame, once however often it is called. */
  draw() {
    if (this.due) return;
    this.due = true;
    requestAnimationFrame(() => {
      this.due = false;
      this.#paint();
    });
  }

  /** From a film's pixels to the canvas's. */
  matrix({ width, height } = this.film) {
    const { u, v, zoom, quarters, flipped } = this.camera;
    const [across, down] = quarters % 2 ? [height, width] : [width, height];
    const scale = Math.min(this.canvas.width / across, this.canvas.height / down) * zoom;
    return new DOMMatrix()
      .translate(this.canvas.width / 2, this.canvas.height / 2)
      .rotate(90 * quarters)
      .scale(flipped ? -scale : scale, scale)
      .translate(-u * width, -v * height);
  }

  /** The film's pixel below a point of the window. */
  toFilm(clientX, clientY) {
    const box = this.canvas.getBoundingClientRect();
    const ratio = this.canvas.width / box.width;
    const point = new DOMPoint((clientX - box.left) * ratio, (clientY - box.top) * ratio);
    return point.matrixTransform(this.matrix().inverse());
  }

  /** Move so that what was at `from` is at `to`; both are points of the window. */
  pan(from, to) {
    const [first, then] = [this.toFilm(from.x, from.y), this.toFilm(to.x, to.y)];
    const { u, v } = this.camera;
    this.camera.change({ u: u - (then.x - first.x) / this.film.width, v: v - (then.y - first.y) / this.film.height });
  }

  /** Zoom about a point of the window, which stays where it is. */
  zoomAt(point, factor) {
    const before = this.toFilm(point.x, point.y);
    this.camera.change({ zoom: this.camera.zoom * factor });
    const after = this.toFilm(point.x, point.y);
    const { u, v } = this.camera;
    this.camera.change({ u: u + (before.x - after.x) / this.film.width, v: v + (before.y - after.y) / this.film.height });
  }

  /** How many of the film's pixels fall on one of the screen's, at least one: a step that costs nothing to see. */
  step() {
    const { a, b } = this.matrix();
    return Math.max(1, Math.round(1.5 / Math.hypot(a, b)));
  }

  centre() {
    const box = this.canvas.getBoundingClientRect();
    return { x: box.left + box.width / 2, y: box.top + box.height / 2 };
  }

  #resize() {
    const ratio = Math.min(2, window.devicePixelRatio || 1);
    this.canvas.width = Math.max(1, Math.round(this.canvas.clientWidth * ratio));
    this.canvas.height = Math.max(1, Math.round(this.canvas.clientHeight * ratio));
    this.draw();
  }

  #paint() {
    const { context, canvas, film } = this;
    context.resetTransform();
    context.clearRect(0, 0, canvas.width, canvas.height);
    if (!film) return;
    this.#paintFilm(film);
    if (this.covered) this.#paintOverlay(canvas);
    else this.measures?.paint(context, this.matrix());
    if (this.other) this.#paintOther(canvas);
  }

  #paintFilm(film) {
    const { context } = this;
    const matrix = this.matrix(film);
    context.setTransform(matrix);
    context.imageSmoothingEnabled = Math.abs(matrix.a || matrix.b) < 4;
    context.drawImage(film.canvas, 0, 0, film.width, film.height);
  }

  #paintOther(canvas) {
    const { context } = this;
    const edge = Math.round(canvas.width * this.wiped);
    context.save();
    context.resetTransform();
    context.beginPath();
    context.rect(edge, 0, canvas.width - edge, canvas.height);
    context.clip();
    context.clearRect(0, 0, canvas.width, canvas.height);
    this.#paintFilm(this.other);
    context.resetTransform();
    context.fillStyle = "#4fc3b3";
    context.fillRect(edge, 0, 2, canvas.height);
    context.restore();
  }

  /** The heat map belongs to the film as it was read, which may be a part of this picture: it takes the pane. */
  #paintOverlay(canvas) {
    const { context, overlay } = this;
    const scale = Math.min(canvas.width / overlay.width, canvas.height / overlay.height);
    const [width, height] = [overlay.width * scale, overlay.height * scale];
    context.resetTransform();
    context.clearRect(0, 0, canvas.width, canvas.height);
    context.drawImage(overlay, (canvas.width - width) / 2, (canvas.height - height) / 2, width, height);
  }
}
