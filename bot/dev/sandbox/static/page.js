/** The demo's page: one pane for each person, one for the mailbox, kept true by the stream of events. */

import * as api from "./api.js";
import { Chat, tint } from "./chat.js";
import { el, icon, iconButton } from "./dom.js";
import { Mailbox } from "./mailbox.js";
import { askNewcomer, askWho } from "./sheets.js";
import { Stream } from "./stream.js";
import { Tabs } from "./tabs.js";

const HINT_KEY = "csss-hint-dismissed";
const chats = new Map();
const panes = document.getElementById("panes");
const tabs = new Tabs(document.getElementById("tabs"), panes);
const mailbox = new Mailbox({ openStart });
let samples = [];

function remember(key, value) {
  try {
    localStorage.setItem(key, value);
  } catch {
    // a browser may forbid it; the hint then simply comes back
  }
}

function remembered(key) {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

function openStart(payload) {
  const everybody = [...chats.values()].map((chat) => chat.person);
  askWho(everybody, (person) => {
    tabs.select(String(person.chat_id));
    chats.get(person.chat_id).send(`/start ${payload}`);
  });
}

function shortName(name) {
  const words = name.split(" ");
  return /^(dr|mr|mrs|ms)\.?$/i.test(words[0]) ? `${words[0]} ${words.at(-1)}` : words[0];
}

function showPerson(person) {
  const id = String(person.chat_id);
  const known = chats.get(person.chat_id);
  const chat = known ?? new Chat(person, { openStart });
  if (known) known.show(person);
  else {
    chats.set(person.chat_id, chat);
    mailbox.node.before(chat.node);
    chat.composer.offer(samples);
  }
  tabs.add(id, chat.node, shortName(person.name), person.name, tint(person.role));
  chat.node.classList.toggle("current", tabs.current === id);
  return chat;
}

function dropPerson(id) {
  tabs.drop(String(id));
  chats.get(id).node.remove();
  chats.delete(id);
}

/** Load everything, and let go of what this server does not know: it may be another one than before. */
async function refresh() {
  const everybody = await api.people();
  const [all, mails] = await Promise.all([Promise.all(everybody.map((person) => api.messages(person.chat_id))), api.mails()]);
  const present = new Set(everybody.map((person) => person.chat_id));
  [...chats.keys()].filter((id) => !present.has(id)).forEach(dropPerson);
  everybody.forEach((person, index) => showPerson(person).replace(all[index]));
  mailbox.replace(mails);
  tabs.add("mailbox", mailbox.node, "Mailbox", icon("mail"), "role-mailbox");
  showHint(everybody);
}

const listeners = {
  message: ({ chat_id: id, message }) => {
    if (chats.get(id)?.put(message)) tabs.count(String(id));
  },
  edit: ({ chat_id: id, message }) => chats.get(id)?.put(message),
  reaction: ({ chat_id: id, message }) => chats.get(id)?.put(message),
  delete: ({ chat_id: id, message_ids: ids }) => chats.get(id)?.thread.remove(ids),
  action: ({ chat_id: id, action }) => chats.get(id)?.act(action),
  keyboard: ({ chat_id: id, keyboard }) => {
    const chat = chats.get(id);
    if (chat) chat.show({ ...chat.person, keyboard });
  },
  commands: ({ chat_id: id, commands }) => chats.get(id)?.show({ ...chats.get(id).person, commands }),
  person: ({ person }) => showPerson(person),
  mail: ({ mail }) => {
    if (mailbox.put(mail)) tabs.count("mailbox");
  },
};

function deliver(event) {
  listeners[event.kind]?.(event);
}

function showLink(state) {
  const link = document.getElementById("link");
  link.dataset.state = state;
  link.textContent = state === "live" ? "Live" : "Reconnecting…";
}

function showHint(everybody) {
  const hint = document.getElementById("hint");
  const patient = everybody.find((person) => (person.role ?? "").toLowerCase().startsWith("patient"));
  if (remembered(HINT_KEY) || hint.childElementCount || !patient) return;
  const count = ["no", "the one", "both", "all three", "all four", "all five"][everybody.length] ?? `all ${everybody.length}`;
  const name = patient.name.split(" ")[0];
  const first = `You are ${count} people. Start as ${name}: send a sample X-ray with the paper clip, `
    + "then answer in the pane where the bot writes next.";
  const dismiss = () => {
    remember(HINT_KEY, "yes");
    hint.hidden = true;
  };
  hint.replaceChildren(el("p", {}, el("b", {}, "First step. "), first), iconButton("close", "Dismiss this hint", dismiss));
  hint.hidden = false;
}

async function addPerson(person) {
  try {
    const added = await api.addPerson(person);
    showPerson(added);
    tabs.select(String(added.chat_id));
  } catch (error) {
    chats.values().next().value?.toast(error.message, "bad");
  }
}

async function loadSamples() {
  try {
    samples = await api.samples();
    chats.forEach((chat) => chat.composer.offer(samples));
  } catch {
    // the tray then offers files from this computer alone
  }
}

function start() {
  panes.append(mailbox.node);
  document.getElementById("local").append(icon("home"), el("span", {}, "All local: nothing leaves this computer"));
  const newcomer = document.getElementById("newcomer");
  newcomer.append(icon("add"), el("span", {}, "Add a person"));
  newcomer.addEventListener("click", () => askNewcomer(addPerson));
  for (const event of ["dragover", "drop"]) document.addEventListener(event, (drag) => drag.preventDefault());
  loadSamples();
  new Stream({ refresh, deliver, state: showLink }).open();
}

start();
