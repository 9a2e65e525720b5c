/** Keeps the style sheet, the icon and one offline page; pages and data always come from the server. Shows notices. */

const SHELL = "shell-1";
const FILES = ["/desk/assets/desk.css", "/desk/assets/icon.svg", "/desk/offline"];

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(SHELL).then((cache) => cache.addAll(FILES)).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  const old = caches.keys().then((names) => Promise.all(names.filter((name) => name !== SHELL).map((name) => caches.delete(name))));
  event.waitUntil(old.then(() => self.clients.claim()));
});

self.addEventListener("fetch", (event) => {
  const { pathname } = new URL(event.request.url);
  if (event.request.method !== "GET") return;
  if (event.request.mode === "navigate") event.respondWith(fetch(event.request).catch(() => caches.match("/desk/offline")));
  else if (FILES.includes(pathname)) event.respondWith(fetch(event.request).catch(() => caches.match(pathname)));
});

self.addEventListener("push", (event) => {
  const { title, body, lang } = event.data.json();
  event.waitUntil(self.registration.showNotification(title, { body, lang, icon: "/desk/assets/icon.svg", tag: "desk", renotify: true }));
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const open = self.clients.matchAll({ type: "window" }).then((pages) => {
    const list = pages.find((page) => new URL(page.url).pathname === "/desk/worklist");
    return list ? list.focus() : self.clients.openWindow("/desk");
  });
  event.waitUntil(open);
});
