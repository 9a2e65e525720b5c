/** The viewer: opens the session, shows the film and its tools. */

import { Comparison } from "./compare.js";
import { Film } from "./film.js";
import { Measures } from "./measures.js";
import { Reading } from "./reading.js";
import * as session from "./session.js";
import { Slices } from "./slices.js";
import { Camera, View } from "./view.js";

const MODES = ["move", "window", "ruler", "ratio"];
const PRESETS = ["own", "full", "lungs", "mediastinum", "bone"];
const STEP = 40; // pixels that an arrow key moves
const find = (selector) => document.querySelector(selector);
let labels = {};
let mode = "move";
let views = [];
let slices = null;
let comparison = null;
let reading = null;
const camera = new Camera();

function say(text) {
  find("#message").textContent = text;
}

async function start() {
  const scan = new URLSearchParams(location.search).get("scan");
  session.announce();
  const given = await session.open();
  labels = given.labels;
  document.documentElement.lang = given.language;
  document.title = labels.title;
  say(labels.loading);
  const known = await session.facts(scan);
  find("#title").textContent = known.title;
  const measures = new Measures(labels);
  const left = pane("#left", known.title, measures);
  const form = new Reading(scan, labels);
  reading = known.reads && (await form.open()) ? form : null;
  left.show(new Film(await session.film(scan)));
  views = [left];
  if (known.slices.length > 1) {
    const films = new Map(known.slices.map((one) => [one, one === known.scan ? left.film : null]));
    slices = new Slices(left, films, known.scan, async (one) => new Film(await session.film(one)));
  }
  say("");
  buildTools(known, measures);
}

function pane(selector, name, measures) {
  const canvas = find(`${selector} canvas`);
  canvas.setAttribute("aria-label", `${labels.picture}: ${name}. ${labels.keys}`);
  const view = new View(canvas, camera, measures);
  listen(view, measures);
  return view;
}

function button(name, press, key) {
  const node = document.createElement("button");
  Object.assign(node, { type: "button", textContent: labels[name], title: key ? `${labels[name]} (${key})` : labels[name] });
  node.dataset.name = name;
  node.addEventListener("click", press);
  return node;
}

function choice(name, options, chosen) {
  const node = document.createElement("select");
  node.setAttribute("aria-label", labels[name]);
  node.append(...options.map(([value, text]) => new Option(text, value)));
  node.addEventListener("change", () => chosen(node.value));
  return node;
}

function buildTools(known, measures) {
  const tools = find("#tools");
  tools.setAttribute("aria-label", labels.title);
  tools.append(
    ...MODES.map((name, at) => button(name, () => choose(name), at + 1)),
    choice("preset", PRESETS.map((name) => [name, labels[name]]), preset),
    button("invert", invert, "i"),
    button("sharpen", () => sharpen(!views[0].film.sharp), "s"),
    button("rotate", () => camera.change({ quarters: (camera.quarters + 1) % 4 }), "r"),
    button("flip", () => camera.change({ flipped: !camera.flipped }), "f"),
    button("zoom_in", () => zoom(1.25), "+"),
    button("zoom_out", () => zoom(0.8), "-"),
    button("reset", () => reset(measures), "0"),
    ...(slices ? [button("slice_before", () => leaf(-1), "PgUp"), button("slice_after", () => leaf(1), "PgDn"), button("play", play, "p")] : []),
    ...(known.heat_map ? [button("heat_map", () => toggleHeatMap(known.scan), "h")] : []),
    ...(reading ? [button("reading", () => reading.focus(), "e")] : []),
    ...(known.earlier.length ? [earlierFilms(known.earlier), button("wipe", () => comparison.wipe(), "w")] : []),
  );
  find('[data-name="wipe"]')?.toggleAttribute("hidden", true);
  tools.hidden = false;
  choose("move");
}

function earlierFilms(earlier) {
  find("#wipe").setAttribute("aria-label", labels.wipe_at);
  comparison = new Comparison(views, earlier, (title) => pane("#right", title, null), async (scan) => new Film(await session.film(scan)));
  const options = [["", labels.earlier], ...earlier.map((one) => [String(one.scan), one.title])];
  return choice("earlier", options, (scan) => guarded(async () => {
    say(labels.loading);
    await comparison.show(scan);
    say("");
  }));
}

const leaf = (by) => guarded(async () => {
  await slices.turn(by);
  find("#left .caption").textContent = slices.place;
});

const play = () => guarded(async () => {
  const plays = await slices.play();
  find('[data-name="play"]').setAttribute("aria-pressed", String(plays));
});

function choose(name) {
  mode = name;
  if (name === "ratio") find("#reading").textContent = labels.draw_ratio;
  for (const node of document.querySelectorAll("#tools button")) {
    if (MODES.includes(node.dataset.name)) node.setAttribute("aria-pressed", String(node.dataset.name === name));
  }
}

function each(change) {
  for (const view of views) {
    change(view);
    view.draw();
  }
}

const preset = (name) => each((view) => view.film.preset(name));
const invert = () => each((view) => view.film.invert());

function sharpen(wanted) {
  each((view) => view.film.sharpen(wanted));
  find("#sharp").textContent = wanted ? labels.sharpened : "";
  find('[data-name="sharpen"]').setAttribute("aria-pressed", String(wanted));
}

const zoom = (factor) => views[0].zoomAt(views[0].centre(), factor);

function reset(measures) {
  measures.clear();
  camera.reset();
  find("#reading").textContent = "";
  find("#tools select").value = "own";
  sharpen(false);
  preset("own");
}

async function toggleHeatMap(scan) {
  const [view] = views;
  await guarded(async () => {
    view.overlay ??= await session.heatMap(scan);
  });
  view.covered = Boolean(view.overlay) && !view.covered;
  find('[data-name="heat_map"]').setAttribute("aria-pressed", String(view.covered));
  view.draw();
}

/** Pointers on one pane: one finger by the mode, two pinch and move. */
function listen(view, measures) {
  const { canvas } = view;
  const pointers = new Map();
  canvas.addEventListener("pointerdown", (event) => {
    if (!view.film) return;
    canvas.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    if (measures && pointers.size === 1 && (mode === "ruler" || mode === "ratio")) {
      measures.begin(mode, view.toFilm(event.clientX, event.clientY));
    }
  });
  canvas.addEventListener("pointermove", (event) => {
    const from = pointers.get(event.pointerId);
    if (!from) return;
    const to = { x: event.clientX, y: event.clientY };
    if (pointers.size === 2) pinch(view, pointers, event.pointerId, to);
    else drag(view, measures, from, to);
    pointers.set(event.pointerId, to);
  });
  for (const name of ["pointerup", "pointercancel"]) {
    canvas.addEventListener(name, (event) => {
      if (pointers.delete(event.pointerId) && mode === "window") each((one) => one.film.render());
    });
  }
  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    if (slices && view === views[0] && !event.ctrlKey) leaf(Math.sign(event.deltaY));
    else if (view.film) view.zoomAt({ x: event.clientX, y: event.clientY }, Math.exp(-event.deltaY / 400));
  }, { passive: false });
}

function drag(view, measures, from, to) {
  if (mode === "window") {
    const width = view.canvas.clientWidth;
    each((one) => one.film.adjust((from.y - to.y) / width / 2, (to.x - from.x) / width, view.step()));
  } else if (measures && mode !== "move") {
    measures.extend(view.toFilm(to.x, to.y));
    find("#reading").textContent = measures.text(view.film);
    view.draw();
  } else view.pan(from, to);
}

function pinch(view, pointers, moved, to) {
  const other = [...pointers].find(([id]) => id !== moved)[1];
  const from = pointers.get(moved);
  const middle = (point) => ({ x: (point.x + other.x) / 2, y: (point.y + other.y) / 2 });
  const apart = (point) => Math.max(1, Math.hypot(point.x - other.x, point.y - other.y));
  view.pan(middle(from), middle(to));
  view.zoomAt(middle(to), apart(to) / apart(from));
}

const KEYS = {
  "+": () => zoom(1.25), "=": () => zoom(1.25), "-": () => zoom(0.8),
  ArrowLeft: () => nudge(STEP, 0), ArrowRight: () => nudge(-STEP, 0), ArrowUp: () => nudge(0, STEP), ArrowDown: () => nudge(0, -STEP),
};
const PRESSES = { PageUp: "slice_before", PageDown: "slice_after", p: "play", i: "invert", s: "sharpen", w: "wipe", r: "rotate", f: "flip", 0: "reset", h: "heat_map", e: "reading" };

function nudge(x, y) {
  const from = views[0].centre();
  views[0].pan(from, { x: from.x + x, y: from.y + y });
}

document.addEventListener("keydown", (event) => {
  if (event.target.closest?.("#form")) return void (event.key === "Escape" && find("#left canvas").focus());
  if (views.length === 0 || event.ctrlKey || event.metaKey || event.altKey || event.target.matches?.("select")) return;
  if (event.target.matches?.("input") && /^(Arrow|Home|End|Page)/.test(event.key)) return; // the slider's own
  const number = Number(event.key);
  if (KEYS[event.key]) KEYS[event.key]();
  else if (number >= 1 && number <= MODES.length) choose(MODES[number - 1]);
  else if (PRESSES[event.key]) find(`[data-name="${PRESSES[event.key]}"]:not([hidden])`)?.click();
  else return;
  event.preventDefault();
});

/** Run, and say in words what failed. */
async function guarded(work) {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof session.Refused)) throw error;
    const name = { 401: "signed_out", 404: "forbidden", 429: "busy" }[error.status] ?? "failed";
    say(labels[name] ?? find("#message").dataset.signedOut);
  }
}

guarded(start);
