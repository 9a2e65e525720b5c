/** Unsharp masking: what differs from its surroundings differs more. */

const RADIUS = 2; // pixels
const AMOUNT = 1; // of the difference

/** Values with clearer edges, in the same type and range. */
export function sharpened(values, width, height, top) {
  const blurred = blur(blur(Float32Array.from(values), width, height, 1, width), height, width, width, 1);
  return values.map((value, at) => Math.min(top, Math.max(0, Math.round(value + AMOUNT * (value - blurred[at])))));
}

/** Mean of each value and its neighbours along lines of `length` values; `step` leads along a line, `next` to the next. */
function blur(values, length, lines, step, next) {
  const result = new Float32Array(values.length);
  for (let line = 0; line < lines; line++) {
    const start = line * next;
    let sum = 0;
    let count = 0;
    for (let at = -RADIUS; at < length; at++) {
      if (at + RADIUS < length) [sum, count] = [sum + values[start + (at + RADIUS) * step], count + 1];
      if (at > RADIUS) [sum, count] = [sum - values[start + (at - RADIUS - 1) * step], count - 1];
      if (at >= 0) result[start + at * step] = sum / count;
    }
  }
  return result;
}
