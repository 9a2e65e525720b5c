/** The worklist: fetched anew when the server says that something changed, and walked through by keys. */

const POLL = 30_000; // milliseconds, where no stream comes through
const AGES = 60_000; // after which waiting times are fetched anew in any case
const rows = document.querySelector("#rows");
const state = document.querySelector("#live");
let source = null;
let last = 0;
let again = false;
let busy = false;

const scans = () => [...rows.querySelectorAll("tr[data-scan]")];

function say(live) {
  const text = live ? state.dataset.live : state.dataset.polled;
  if (state.textContent !== text) state.textContent = text;
}

/** Fetch the table; the focused scan, or the one in its place, keeps the focus. */
async function refresh() {
  again = busy;
  if (busy) return;
  busy = true;
  try {
    const answer = await fetch(rows.dataset.address, { cache: "no-store" }).catch(() => null);
    if (answer && (answer.status === 401 || answer.redirected)) return location.assign("/desk/worklist");
    if (!answer?.ok) return;
    const text = await answer.text();
    const focused = document.activeElement?.closest?.("tr[data-scan]");
    const [scan, place] = [focused?.dataset.scan, scans().indexOf(focused)];
    rows.replaceChildren(...new DOMParser().parseFromString(text, "text/html").body.childNodes);
    last = Date.now();
    if (focused) (scans().find((one) => one.dataset.scan === scan) ?? scans()[Math.min(place, scans().length - 1)])?.focus();
  } finally {
    busy = false;
    if (again) refresh();
  }
}

function listen() {
  source = new EventSource("/desk/worklist/stream");
  source.addEventListener("open", () => say(true));
  source.addEventListener("changed", refresh);
  source.addEventListener("end", () => location.assign("/desk/worklist"));
  source.addEventListener("error", () => {
    say(false);
    if (source.readyState === EventSource.CLOSED) setTimeout(listen, POLL);
  });
}

setInterval(() => {
  const age = Date.now() - last;
  if (document.visibilityState === "visible" && (age > AGES || (source.readyState !== EventSource.OPEN && age > POLL))) refresh();
}, 5_000);

function move(by) {
  const all = scans();
  const now = all.indexOf(document.activeElement.closest?.("tr[data-scan]"));
  all[Math.max(0, Math.min(all.length - 1, now + by))]?.focus();
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches?.("input, select, textarea")) return;
  const row = document.activeElement?.closest?.("tr[data-scan]");
  if (event.key === "j") move(1);
  else if (event.key === "k") move(-1);
  else if (event.key === "v" && row) row.querySelector(".viewer").click();
  else if (event.key === "Enter" && row === event.target) (row.querySelector(".story") ?? row.querySelector(".viewer")).click();
  else return;
  event.preventDefault();
});

last = Date.now();
listen();
addEventListener("pagehide", () => source.close());
