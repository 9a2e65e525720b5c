/** Notices on this device: the server knows whether they are on, the browser whether it lets them through. */

const box = document.querySelector("#notices");
const [start, test, stop] = ["", "/test", "/stop"].map((end) => box?.querySelector(`form[action$="/notices${end}"]`));

function say(text) {
  const state = box.querySelector("[role=status]");
  if (state.textContent !== text) state.textContent = text;
}

async function pushManager() {
  return (await navigator.serviceWorker.ready).pushManager;
}

/** End the browser's subscription; the server's own ends with the form. */
async function unsubscribe() {
  await (await (await pushManager()).getSubscription())?.unsubscribe();
}

async function subscribe() {
  await unsubscribe(); // one that was made with another key, or for another person, stands in the way
  const made = await (await pushManager()).subscribe({ userVisibleOnly: true, applicationServerKey: box.dataset.key });
  const { endpoint, keys } = made.toJSON();
  Object.entries({ endpoint, ...keys }).forEach(([name, value]) => (start.elements[name].value = value));
}

async function show() {
  if (Notification.permission === "denied") return say(box.dataset.refused);
  if (test && (await (await pushManager()).getSubscription())) return;
  if (test) test.hidden = true;
  say(box.dataset.off);
  start.hidden = false;
}

if (box && "serviceWorker" in navigator && "PushManager" in window && "Notification" in window) {
  start.addEventListener("submit", async (event) => {
    event.preventDefault();
    say(box.dataset.asking);
    try {
      await subscribe();
    } catch {
      return say(Notification.permission === "denied" ? box.dataset.refused : box.dataset.failed);
    }
    start.submit();
  });
  stop?.addEventListener("submit", async (event) => {
    event.preventDefault();
    await unsubscribe().catch(() => {});
    stop.submit();
  });
  show();
}
