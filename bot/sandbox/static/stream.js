/** The live stream of events, joined again after every loss without a gap and without a repetition. */

const FIRST_WAIT_MS = 400;
const LONGEST_WAIT_MS = 5000;

export class Stream {
  #last = 0;
  #wait = FIRST_WAIT_MS;
  #queue = null;
  #source = null;
  #listeners;

  /** Listeners: `refresh()` loads the whole state, `deliver(event)` applies one event, `state(name)` tells the link's. */
  constructor(listeners) {
    this.#listeners = listeners;
    window.addEventListener("pagehide", () => this.#source?.close());
    window.addEventListener("pageshow", (event) => event.persisted && this.open());
  }

  /** Listen first, load second, then apply what came meanwhile: nothing falls between the two. */
  open() {
    this.#source?.close();
    this.#queue = [];
    const source = new EventSource(this.#last ? `/client/events?after=${this.#last}` : "/client/events");
    this.#source = source;
    source.onopen = () => this.#joined(source);
    source.onmessage = (event) => this.#heard(event);
    source.onerror = () => this.#lost(source);
  }

  /** The server is another one than before: its numbering begins anew. */
  forget() {
    this.#last = 0;
  }

  async #joined(source) {
    try {
      const sameServer = await this.#listeners.refresh();
      if (this.#source !== source) return;
      if (!sameServer && this.#last) {
        this.forget();
        this.open();
        return;
      }
    } catch {
      this.#lost(source);
      return;
    }
    this.#wait = FIRST_WAIT_MS;
    const waiting = this.#queue;
    this.#queue = null;
    waiting.forEach(this.#listeners.deliver);
    this.#listeners.state("live");
  }

  #heard(event) {
    const number = Number(event.lastEventId);
    if (number && number <= this.#last) return;
    if (number) this.#last = number;
    const told = JSON.parse(event.data);
    if (this.#queue) this.#queue.push(told);
    else this.#listeners.deliver(told);
  }

  #lost(source) {
    if (this.#source !== source) return;
    source.close();
    this.#source = null;
    this.#listeners.state("reconnecting");
    setTimeout(() => this.open(), this.#wait);
    this.#wait = Math.min(this.#wait * 2, LONGEST_WAIT_MS);
  }
}
