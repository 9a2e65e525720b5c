/** The session with the server: Telegram's init data for a token, then films and facts with it. */

/** An answer that is no success. */
export class Refused extends Error {
  constructor(status) {
    super(String(status));
    this.status = status;
  }
}

const KEPT = "csss viewer"; // of this tab's storage: the token, and the seal of the init data that it was given for
let token = "";

/** What Telegram put behind the address's #: read once, and removed from the address. */
function initData() {
  const given = new URLSearchParams(location.hash.slice(1)).get("tgWebAppData") ?? "";
  history.replaceState(null, "", location.pathname + location.search);
  return given;
}

/** The session of this tab, for a page that is loaded again: Telegram's client may add the init data that are used up. */
function kept(seal) {
  try {
    const found = JSON.parse(sessionStorage.getItem(KEPT)) ?? {};
    return !seal || found.seal === seal ? found : {};
  } catch {
    return {}; // no storage in this frame, or nothing of ours
  }
}

function keep(seal) {
  try {
    sessionStorage.setItem(KEPT, JSON.stringify({ token, seal }));
  } catch {
    // a page that is loaded again has to be opened anew
  }
}

/** Tell Telegram's client that the page is ready, in the two ways in which its clients listen. */
export function announce() {
  for (const name of ["web_app_ready", "web_app_expand"]) {
    window.TelegramWebviewProxy?.postEvent(name, "{}");
    if (window.parent !== window) window.parent.postMessage(JSON.stringify({ eventType: name, eventData: {} }), "*");
  }
}

async function ask(path, options = {}) {
  const answer = await fetch(path, { cache: "no-store", ...options }).catch(() => null);
  if (!answer?.ok) throw new Refused(answer?.status ?? 0);
  return answer;
}

const signed = () => ({ headers: { Authorization: `Bearer ${token}` } });

/** JSON sent with the session. A session that is over is opened once more by the cookie of a browser at the desk. */
async function send(path, body, again = true) {
  const headers = { "Content-Type": "application/json", ...signed().headers };
  const answer = await fetch(path, { method: "POST", cache: "no-store", headers, body: JSON.stringify(body) }).catch(() => null);
  if (answer?.status === 401 && again) {
    token = (await exchange("")).token;
    return send(path, body, false);
  }
  if (!answer?.ok && ![403, 409, 429].includes(answer?.status)) throw new Refused(answer?.status ?? 0);
  return answer.json();
}

async function exchange(init, authorization) {
  const headers = { "Content-Type": "application/json", ...authorization };
  const body = JSON.stringify({ init_data: init });
  return (await ask("/viewer/session", { method: "POST", body, headers })).json();
}

/** For a patient: back to the scan's page. */
function leadBack(scans, text) {
  const href = `${scans}/${new URLSearchParams(location.search).get("scan")}`;
  Object.assign(document.querySelector("#back"), { href, textContent: `← ${text}`, hidden: false });
}

/** Open the session, or go on with that of this tab; gives language and labels. */
export async function open() {
  const init = initData();
  const seal = new URLSearchParams(init).get("hash") ?? "";
  const before = kept(seal);
  token = before.token ?? "";
  const again = token ? await exchange("", signed().headers).catch(() => null) : null;
  const given = again ?? (await exchange(init));
  token = given.token;
  keep(seal || before.seal || "");
  if (given.back) leadBack(given.back, given.labels.back);
  return given;
}

export const facts = async (scan) => (await ask(`/viewer/scans/${scan}`, signed())).json();

export const reading = async (scan) => (await ask(`/viewer/scans/${scan}/reading`, signed())).json();

export const act = (scan, wished) => send(`/viewer/scans/${scan}/reading`, wished);

export const askCode = (scan) => send(`/viewer/scans/${scan}/reading/proof`, {});

export const giveCode = (scan, code) => send(`/viewer/scans/${scan}/reading/proof/code`, { code });

export const heatMap = async (scan) => createImageBitmap(await (await ask(`/viewer/scans/${scan}/heat-map`, signed())).blob());

/** Facts and values of a film: one number a pixel, row by row. */
export async function film(scan) {
  const answer = await ask(`/viewer/scans/${scan}/film`, signed());
  const known = JSON.parse(answer.headers.get("X-Film"));
  const bytes = await answer.arrayBuffer();
  return { ...known, values: known.bits === 8 ? new Uint8Array(bytes) : new Uint16Array(bytes) };
}
