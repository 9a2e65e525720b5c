/** The live stream of events, joined again after every loss without a gap and without a repetition. */

import { ApiError } from "./api.js";

const FIRST_WAIT_MS = 400;
const LONGEST_WAIT_MS = 5000;

export class Stream {
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

  /**
   * Listen first, load second, then apply what came meanwhile: nothing falls between the two, and what came twice
   * is recognised by its version. A place in the stream (`after`) is not asked for: after a restart it would mean nothing.
   */
  open() {
    this.#source?.close();
    this.#queue = [];
    const source = new EventSource("/client/events");
    this.#source = source;
    source.onopen = () => this.#joined(source);
    source.onmessage = (event) => this.#heard(JSON.parse(event.data));
    source.onerror = () => this.#lost(source);
  }

  async #joined(source) {
    try {
      await this.#listeners.refresh();
    } catch (error) {
      this.#lost(source);
      if (!(error instanceof ApiError)) throw error;
    }
    if (this.#source !== source) return;
    this.#wait = FIRST_WAIT_MS;
    const missed = this.#queue.filter((event) => event.kind !== "action"); // what the bot was doing is over
    this.#queue = null;
    missed.forEach(this.#listeners.deliver);
    this.#listeners.state("live");
  }

  #heard(event) {
    if (this.#queue) this.#queue.push(event);
    else this.#listeners.deliver(event);
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
