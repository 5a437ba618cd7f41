// Tells what changes, as it happens. A page that nobody sees listens to nothing: a browser has few
// connections for one server.

import {say} from './dom.js';

const RETRY = 3000;

export class Live extends EventTarget {
  #path = '';
  #source;
  #shown = document.getElementById('live');
  #retry;
  #wasOpen = false;

  constructor() {
    super();
    document.addEventListener('visibilitychange', () => this.#connect());
  }

  /** Listens to changes of one tailnet, or of all. */
  follow(path) {
    if (path !== this.#path) {
      this.#path = path;
      this.#connect();
    }
  }

  stop() {
    this.follow('');
  }

  #connect() {
    clearTimeout(this.#retry);
    this.#source?.close();
    this.#source = undefined;
    this.#shown.hidden = this.#path === '';
    if (this.#path === '' || document.hidden) {
      return;
    }
    this.#state(false);
    const source = new EventSource(this.#path);
    this.#source = source;
    source.onopen = () => this.#state(true);
    source.onmessage = (event) => this.#heard(JSON.parse(event.data));
    source.onerror = () => {
      this.#state(false);
      if (source.readyState === EventSource.CLOSED) {
        this.#retry = setTimeout(() => this.#connect(), RETRY);
      }
    };
  }

  #state(open) {
    this.#shown.className = open ? 'live on' : 'live';
    this.#shown.textContent = open ? 'Live' : 'Connecting…';
    if (!open && this.#wasOpen) {
      say('The connection was lost.');
    }
    this.#wasOpen = open;
  }

  #heard(line) {
    if (!line.beat) {
      this.dispatchEvent(new CustomEvent('change', {detail: line}));
    }
  }
}
