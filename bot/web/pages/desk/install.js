/** Registers the service worker, so that the desk can be installed and says when there is no connection. */

navigator.serviceWorker?.register("/desk/service-worker.js", { scope: "/desk" });
