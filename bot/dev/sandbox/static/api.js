/** The sandbox's client API, one function for each thing a person can do. */

/** An answer that is no success; its message is a sentence for the person. */
export class ApiError extends Error {}

function reason(status, body) {
  try {
    const answer = JSON.parse(body);
    const said = answer.error ?? answer.description ?? answer.message;
    if (typeof said === "string") return said;
  } catch {
    // not JSON: judged by its status below
  }
  if (status === 413) return "The file is too large.";
  return status === 0 ? "The demo does not answer. Is it still running?" : `The demo answered with error ${status}.`;
}

async function ask(method, path, body) {
  const options = { method };
  if (body !== undefined) {
    options.body = JSON.stringify(body);
    options.headers = { "Content-Type": "application/json" };
  }
  const answer = await fetch(path, options).catch(() => {
    throw new ApiError(reason(0, ""));
  });
  const text = await answer.text();
  if (!answer.ok) throw new ApiError(reason(answer.status, text));
  return text ? JSON.parse(text) : null;
}

export const people = () => ask("GET", "/client/people");
export const addPerson = (person) => ask("POST", "/client/people", person);
export const messages = (chat) => ask("GET", `/client/chats/${chat}/messages`);
export const sendText = (chat, text) => ask("POST", `/client/chats/${chat}/text`, { text });
export const sendContact = (chat, contact) => ask("POST", `/client/chats/${chat}/contact`, contact);
export const press = (chat, id, data) => ask("POST", `/client/chats/${chat}/press`, { message_id: id, data, wait: 30 });
export const webApp = (chat, id, url) => ask("POST", `/client/chats/${chat}/web_app`, { message_id: id, url });
export const block = (chat) => ask("POST", `/client/chats/${chat}/block`);
export const unblock = (chat) => ask("POST", `/client/chats/${chat}/unblock`);
export const mails = () => ask("GET", "/client/mails");
export const samples = () => ask("GET", "/client/samples");

export const fileAddress = (id) => `/client/files/${encodeURIComponent(id)}`;
export const sampleAddress = (name) => `/client/samples/${encodeURIComponent(name)}`;
export const attachmentAddress = (mail, index) => `/client/mails/${encodeURIComponent(mail)}/attachments/${index}`;

export async function mailHtml(id) {
  const answer = await fetch(`/client/mails/${encodeURIComponent(id)}/html`);
  if (!answer.ok) throw new ApiError(reason(answer.status, ""));
  return answer.text();
}

export async function sampleFile(sample) {
  const answer = await fetch(sampleAddress(sample.name));
  if (!answer.ok) throw new ApiError(reason(answer.status, ""));
  return new File([await answer.blob()], sample.name, { type: sample.type });
}

/** Send files as "photo" or "document"; `progress` hears a share from 0 to 1 (fetch cannot tell it). */
export function upload(chat, kind, files, caption, progress) {
  const form = new FormData();
  if (caption) form.append("caption", caption);
  for (const file of files) form.append("file", file, file.name);
  const request = new XMLHttpRequest();
  const done = new Promise((resolve, reject) => {
    const fail = () => reject(new ApiError(reason(request.status, request.responseText)));
    request.onload = () => (request.status < 300 ? resolve(JSON.parse(request.responseText).messages) : fail());
    request.onerror = fail;
    request.onabort = () => reject(new ApiError("Cancelled."));
  });
  request.upload.onprogress = (event) => progress(event.lengthComputable ? event.loaded / event.total : 0);
  request.open("POST", `/client/chats/${chat}/${kind}`);
  request.send(form);
  return { done, cancel: () => request.abort() };
}
