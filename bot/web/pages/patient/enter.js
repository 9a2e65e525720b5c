/** Exchanges what Telegram put behind the address's # for a session, then opens the own page. */

const state = document.querySelector("#state");

/** Tell Telegram's client that the page is ready, in the two ways in which its clients listen. */
function announce() {
  for (const name of ["web_app_ready", "web_app_expand"]) {
    window.TelegramWebviewProxy?.postEvent(name, "{}");
    if (window.parent !== window) window.parent.postMessage(JSON.stringify({ eventType: name, eventData: {} }), "*");
  }
}

/** Read once, and removed from the address. */
function initData() {
  const given = new URLSearchParams(location.hash.slice(1)).get("tgWebAppData") ?? "";
  history.replaceState(null, "", location.pathname + location.search);
  return given;
}

async function enter() {
  announce();
  const body = JSON.stringify({ init_data: initData() });
  const headers = { "Content-Type": "application/json" };
  const answer = await fetch("/my/session", { method: "POST", body, headers, cache: "no-store" }).catch(() => null);
  if (!answer?.ok) return (state.textContent = state.dataset.failed);
  const { home } = await answer.json();
  const scan = new URLSearchParams(location.search).get("scan") ?? "";
  location.replace(/^\d{1,9}$/.test(scan) ? `${home}/scans/${scan}` : home);
}

if (state) enter();
