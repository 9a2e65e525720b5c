/** Keeps the style sheet, the icon and one offline page; pages and data always come from the server. Shows notices. */

const SHELL = "{tag}-shell-1";
const FILES = ["{area}/assets/{style}", "{area}/assets/icon.svg", "{area}/offline"];

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(SHELL).then((cache) => cache.addAll(FILES)).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  const old = caches.keys().then((names) => Promise.all(names.filter((name) => name !== SHELL && (name.startsWith("{tag}-") || name === "shell-1")).map((name) => caches.delete(name))));
  event.waitUntil(old.then(() => self.clients.claim()));
});

self.addEventListener("fetch", (event) => {
  const { pathname } = new URL(event.request.url);
  if (event.request.method !== "GET") return;
  if (event.request.mode === "navigate") event.respondWith(fetch(event.request).catch(() => caches.match("{area}/offline")));
  else if (FILES.includes(pathname)) event.respondWith(fetch(event.request).catch(() => caches.match(pathname)));
});

self.addEventListener("push", (event) => {
  const { title, body, lang } = event.data.json();
  event.waitUntil(self.registration.showNotification(title, { body, lang, icon: "{area}/assets/icon.svg", tag: "{tag}", renotify: true }));
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const open = self.clients.matchAll({ type: "window" }).then((pages) => {
    const list = pages.find((page) => new URL(page.url).pathname === "{home}");
    return list ? list.focus() : self.clients.openWindow("{area}");
  });
  event.waitUntil(open);
});
