/** Files on their way: a bubble with a bar, which becomes the message or says why it did not. */

import { upload } from "./api.js";
import { el } from "./dom.js";

function button(label, listener) {
  return el("button", { class: "soft", type: "button", on: { click: listener } }, label);
}

/** Send `files` into the chat as "photo" or "document". */
export function sendFiles(chat, kind, files, caption) {
  const names = files.map((file) => file.name).join(", ");
  const bar = el("progress", { max: "1", value: "0", "aria-label": `Sending ${names}` });
  const state = el("p");
  const buttons = el("div", { class: "choices" });
  const bubble = el("div", { class: "bubble" }, state, bar, buttons);
  const item = el("li", { class: "out pending" }, bubble);
  chat.thread.append(item);

  async function go() {
    bubble.classList.remove("failed");
    bar.hidden = false;
    state.textContent = `Sending ${names}…`;
    const way = upload(chat.person.chat_id, kind, files, caption, (share) => {
      bar.value = share;
    });
    buttons.replaceChildren(button("Cancel", way.cancel));
    try {
      const messages = await way.done;
      item.remove();
      messages.forEach((message) => chat.put(message));
    } catch (error) {
      bubble.classList.add("failed");
      bar.hidden = true;
      state.textContent = `${names} was not sent. ${error.message}`;
      buttons.replaceChildren(button("Try again", go), button("Dismiss", () => item.remove()));
    }
  }

  return go();
}
