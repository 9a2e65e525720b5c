/** Pictures by drag and drop or from the list of files: one after another, with progress; a failed one stays here. */

const form = document.querySelector("#sending");
const words = form.dataset;
const [drop, picker, list, start, note] = ["#drop", "#files", "#pictures", "#start", "#note"].map((one) => form.querySelector(one));
const pictures = [];
let sending = false;

const id = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (one) => one.toString(16).padStart(2, "0")).join("");
const element = (name, facts) => Object.assign(document.createElement(name), facts);

/** One chosen file: its line in the list, and the id under which it is sent, however often. */
class Picture {
  constructor(file) {
    Object.assign(this, { file, id: id(), album: "", done: false });
    this.line = element("li", {});
    this.state = element("p", { className: "state", textContent: words.waits });
    this.state.setAttribute("role", "status");
    this.bar = element("progress", { max: 1, value: 0, hidden: true });
    this.bar.setAttribute("aria-label", file.name);
    this.buttons = element("p", { className: "line" });
    this.line.append(element("strong", { textContent: file.name }), this.bar, this.state, this.buttons);
    this.offer(words.remove, () => this.remove());
  }

  offer(text, press) {
    const button = element("button", { type: "button", textContent: text });
    button.addEventListener("click", press);
    this.buttons.replaceChildren(...this.buttons.children, button);
  }

  remove() {
    pictures.splice(pictures.indexOf(this), 1);
    this.line.remove();
    show();
    picker.focus();
  }

  /** Send it; `ended` once the server has answered, or has not. */
  send(patient) {
    this.line.className = "";
    this.buttons.replaceChildren();
    this.bar.hidden = false;
    return new Promise((ended) => {
      const request = new XMLHttpRequest();
      request.open("POST", `/my/pictures?${new URLSearchParams({ for: patient, album: this.album })}`);
      request.setRequestHeader("X-Form-Token", words.token);
      request.setRequestHeader("X-Upload-Id", this.id);
      request.setRequestHeader("Content-Type", "application/octet-stream");
      request.upload.addEventListener("progress", (event) => this.moved(event));
      request.addEventListener("load", () => ended(this.answered(request)));
      request.addEventListener("error", () => ended(this.failed(words.failed)));
      request.addEventListener("timeout", () => ended(this.failed(words.failed)));
      request.send(this.file);
    });
  }

  moved(event) {
    if (event.lengthComputable) this.bar.value = event.loaded / event.total;
    const text = this.bar.value < 1 ? words.sends : words.checks;
    if (this.state.textContent !== text) this.state.textContent = text;
  }

  answered(request) {
    const given = JSON.parse(request.getResponseHeader("Content-Type")?.includes("json") ? request.responseText : "{}");
    if (request.status === 401) return this.failed(words.over);
    if (request.status === 422) return this.refused(given.message);
    if (request.status !== 200) return this.failed(given.message ?? words.failed);
    this.done = true;
    this.bar.hidden = true;
    this.line.className = "taken";
    this.state.textContent = given.message;
    if (given.scan) this.buttons.append(element("a", { className: "button", href: given.scan, textContent: words.see }));
  }

  /** The server will not take this file, and has said what to do instead. */
  refused(message) {
    this.done = true;
    this.bar.hidden = true;
    this.line.className = "refused";
    this.state.textContent = message;
    this.offer(words.remove, () => this.remove());
  }

  failed(message) {
    this.bar.hidden = true;
    this.line.className = "failed";
    this.state.textContent = message;
    this.offer(words.again, () => sendAll([this]));
    this.offer(words.remove, () => this.remove());
  }
}

const waiting = () => pictures.filter((one) => !one.done);

function show() {
  start.hidden = sending || !waiting().length;
}

function add(files) {
  note.textContent = "";
  for (const file of files) {
    if (waiting().length >= Number(words.most)) {
      note.textContent = words.many;
      break;
    }
    const picture = new Picture(file);
    pictures.push(picture);
    list.append(picture.line);
    if (file.size > Number(words.limit)) {
      picture.buttons.replaceChildren();
      picture.refused(words.large);
    }
  }
  show();
}

async function sendAll(chosen) {
  const patient = new FormData(form).get("for");
  if (!patient) return (note.textContent = words.who);
  if (sending) return;
  note.textContent = "";
  sending = true;
  show();
  for (const picture of chosen) await picture.send(patient);
  sending = false;
  show();
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const chosen = waiting();
  const album = chosen.length > 1 ? id() : "";
  chosen.forEach((one) => (one.album ||= album));
  sendAll(chosen);
});
picker.addEventListener("change", () => {
  add(picker.files);
  picker.value = "";
});
for (const name of ["dragenter", "dragover"]) {
  drop.addEventListener(name, (event) => {
    event.preventDefault();
    drop.classList.add("over");
  });
}
drop.addEventListener("dragleave", () => drop.classList.remove("over"));
drop.addEventListener("drop", (event) => {
  event.preventDefault();
  drop.classList.remove("over");
  add(event.dataTransfer.files);
});
for (const name of ["dragover", "drop"]) window.addEventListener(name, (event) => event.preventDefault());
window.addEventListener("beforeunload", (event) => sending && event.preventDefault());
