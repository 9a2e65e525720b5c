/** Registers the area's service worker, so that it can be installed and says when there is no connection. */

const [area] = new URL(document.currentScript.src).pathname.split("/assets/");
navigator.serviceWorker?.register(`${area}/service-worker.js`, { scope: area });
