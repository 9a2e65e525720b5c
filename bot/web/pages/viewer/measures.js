/** Lines on the film: a ruler, or heart and chest for their ratio. In the film's own pixels, so they stay in place. */

const COLOURS = ["#ffd54a", "#4fc3f7"];

export class Measures {
  constructor(labels) {
    this.labels = labels;
    this.clear();
  }

  clear() {
    this.lines = [];
  }

  /** Begin a line; a ruler has one, a ratio two. */
  begin(kind, point) {
    if (kind !== this.kind || this.lines.length === (kind === "ratio" ? 2 : 1)) this.clear();
    this.kind = kind;
    this.lines.push([point, point]);
  }

  extend(point) {
    this.lines.at(-1)[1] = point;
  }

  /** What the lines say of this film, in words; empty without lines. */
  text(film) {
    const lengths = this.lines.map(([from, to]) => Math.hypot(to.x - from.x, to.y - from.y));
    if (lengths.length === 0) return "";
    if (this.kind === "ratio") {
      if (lengths.length < 2 || lengths[1] === 0) return this.labels.draw_ratio;
      return this.labels.ratio_is.replace("{ratio}", (lengths[0] / lengths[1]).toFixed(2));
    }
    if (!film.spacing) return this.labels.no_scale.replace("{pixels}", Math.round(lengths[0]));
    const label = film.atDetector ? this.labels.detector_mm : this.labels.mm;
    return label.replace("{mm}", (lengths[0] * film.spacing).toFixed(1));
  }

  paint(context, matrix) {
    context.resetTransform();
    context.lineWidth = 3;
    for (const [at, line] of this.lines.entries()) {
      const [from, to] = line.map((point) => new DOMPoint(point.x, point.y).matrixTransform(matrix));
      context.strokeStyle = COLOURS[at];
      context.beginPath();
      context.moveTo(from.x, from.y);
      context.lineTo(to.x, to.y);
      for (const end of [from, to]) {
        context.moveTo(end.x + 6, end.y);
        context.arc(end.x, end.y, 6, 0, 2 * Math.PI);
      }
      context.stroke();
    }
  }
}
