// A list of any length. Only the rows in view, and some around them, are in the document; what they
// show is fetched in blocks as it is needed. One element has the focus, and the arrow keys move
// within it.

import {el} from './dom.js';

/** Rows beyond the edges of the view. */
const AROUND = 8;

/** Rows that are asked for at once. */
const BLOCK = 100;

/** Blocks that are kept. */
const KEPT = 200;

let lists = 0;

export class List {
  #options;
  #id = 'list-' + ++lists;
  #space = el('div', {class: 'list-space', role: 'presentation'});
  #rows = new Map();
  #blocks = new Map();
  #asked = new Map();
  #total = 0;
  #version;
  #active = -1;
  #chosen = () => false;
  #frame = 0;
  #epoch = 0;

  /**
   * @param options label: what it lists; row: its height in pixels, or a function that tells it;
   *     render(item, index): what a row shows; open(item, index): a row was chosen; load(from,
   *     count): a promise of {items, total, version}; failed(problem): it could not be fetched
   */
  constructor(options) {
    this.#options = options;
    this.element = el(
      'div',
      {
        class: 'list ' + (options.class ?? ''),
        role: 'listbox',
        tabindex: '0',
        'aria-label': options.label,
        onscroll: () => this.#later(),
        onkeydown: (event) => this.#key(event),
        onclick: (event) => this.#click(event),
        onfocus: () => this.#focused(),
      },
      this.#space,
    );
    this.#observer = new ResizeObserver(() => this.#later());
    this.#observer.observe(this.element);
  }

  #observer;

  get #height() {
    const row = this.#options.row;
    return typeof row === 'function' ? row() : row;
  }

  get total() {
    return this.#total;
  }

  /** Shows items that are all here. */
  setItems(items) {
    this.#total = items.length;
    this.#options.load = undefined;
    this.#items = items;
    this.#epoch++;
    this.#redraw();
  }

  #items;

  /** Fetches anew what is in view; what is shown stays until then. */
  async reload() {
    const epoch = ++this.#epoch;
    this.#asked.clear();
    const [from, to] = this.#range();
    const wanted = [];
    for (let block = Math.floor(from / BLOCK); block * BLOCK < Math.max(to, 1); block++) {
      wanted.push(block);
    }
    const answers = await Promise.all(
      wanted.map((block) => this.#options.load(block * BLOCK, BLOCK)),
    );
    if (epoch === this.#epoch) {
      this.#blocks.clear();
      wanted.forEach((block, i) => this.#blocks.set(block, answers[i].items));
      this.#total = answers[0].total;
      this.#version = answers[0].version;
      this.#redraw();
    }
  }

  /** Which item is shown elsewhere, such as in a panel beside the list. */
  choose(test) {
    this.#chosen = test;
    for (const [index, row] of this.#rows) {
      const item = this.#item(index);
      row.setAttribute('aria-selected', String(item !== undefined && test(item)));
    }
  }

  /** Draws the rows of some items again. */
  refresh(test = () => true) {
    for (const [index, row] of [...this.#rows]) {
      const item = this.#item(index);
      if (item !== undefined && test(item)) {
        row.remove();
        this.#rows.delete(index);
      }
    }
    this.#draw();
  }

  /** Puts another item in the place of one of those that are all here. */
  replace(test, item) {
    const index = this.#items?.findIndex(test) ?? -1;
    if (index >= 0) {
      this.#items[index] = item;
      this.#rows.get(index)?.remove();
      this.#rows.delete(index);
      this.#draw();
    }
  }

  /** Brings a row into view, and makes it the current one. */
  reveal(index) {
    const height = this.#height;
    const top = index * height;
    const view = this.element;
    if (top < view.scrollTop || top + height > view.scrollTop + view.clientHeight) {
      view.scrollTop = Math.max(0, top - view.clientHeight / 3);
    }
    this.#activate(index);
    this.#draw();
  }

  close() {
    this.#epoch++;
    this.#observer.disconnect();
    cancelAnimationFrame(this.#frame);
  }

  #item(index) {
    return this.#options.load
      ? this.#blocks.get(Math.floor(index / BLOCK))?.[index % BLOCK]
      : this.#items?.[index];
  }

  #range() {
    const height = this.#height;
    const from = Math.floor(this.element.scrollTop / height) - AROUND;
    const to = Math.ceil((this.element.scrollTop + this.element.clientHeight) / height) + AROUND;
    return [Math.max(0, from), Math.min(this.#total, to)];
  }

  #later() {
    if (this.#frame === 0) {
      this.#frame = requestAnimationFrame(() => {
        this.#frame = 0;
        this.#draw();
      });
    }
  }

  #redraw() {
    for (const row of this.#rows.values()) {
      row.remove();
    }
    this.#rows.clear();
    this.#draw();
  }

  #draw() {
    const height = this.#height;
    if (this.#drawnHeight !== height) {
      this.#drawnHeight = height;
      this.#redraw();
      return;
    }
    this.#space.style.height = this.#total * height + 'px';
    const [from, to] = this.#range();
    for (const [index, row] of this.#rows) {
      if (index < from || index >= to) {
        row.remove();
        this.#rows.delete(index);
      }
    }
    for (let index = from; index < to; index++) {
      if (!this.#rows.has(index)) {
        this.#add(index, height);
      }
    }
    if (this.#options.load) {
      for (let block = Math.floor(from / BLOCK); block * BLOCK < to; block++) {
        if (!this.#blocks.has(block) && !this.#asked.has(block)) {
          this.#fetch(block);
        }
      }
    }
  }

  #drawnHeight = 0;

  #add(index, height) {
    const item = this.#item(index);
    const row = el('div', {
      class: 'row',
      role: 'option',
      id: this.#id + '-' + index,
      'aria-posinset': index + 1,
      'aria-setsize': this.#total,
      'aria-selected': String(item !== undefined && this.#chosen(item)),
    });
    row.style.transform = `translateY(${index * height}px)`;
    row.style.height = height + 'px';
    if (item === undefined) {
      row.classList.add('loading');
      row.setAttribute('aria-busy', 'true');
    } else {
      row.append(...this.#options.render(item, index).filter((each) => each));
    }
    if (index === this.#active) {
      row.classList.add('active');
    }
    this.#rows.set(index, row);
    this.#space.append(row);
  }

  async #fetch(block) {
    const epoch = this.#epoch;
    this.#asked.set(block, epoch);
    try {
      const answer = await this.#options.load(block * BLOCK, BLOCK);
      if (epoch !== this.#epoch) {
        return;
      }
      if (answer.version !== this.#version) {
        // What was fetched before is of another list by now.
        await this.reload();
        return;
      }
      this.#blocks.set(block, answer.items);
    } catch (problem) {
      this.#options.failed?.(problem);
      return;
    } finally {
      if (epoch === this.#epoch) {
        this.#asked.delete(block);
      }
    }
    for (const old of this.#blocks.keys()) {
      if (this.#blocks.size > KEPT && old !== block) {
        this.#blocks.delete(old);
      }
    }
    for (const [index, row] of [...this.#rows]) {
      if (row.classList.contains('loading') && Math.floor(index / BLOCK) === block) {
        row.remove();
        this.#rows.delete(index);
      }
    }
    this.#draw();
  }

  #activate(index) {
    this.#rows.get(this.#active)?.classList.remove('active');
    this.#active = index;
    this.#rows.get(index)?.classList.add('active');
    this.element.setAttribute('aria-activedescendant', this.#id + '-' + index);
  }

  #focused() {
    if (this.#active < 0 && this.#total > 0) {
      this.#activate(Math.min(this.#total - 1, Math.ceil(this.element.scrollTop / this.#height)));
    }
  }

  #key(event) {
    if (event.altKey || event.ctrlKey || event.metaKey || this.#total === 0) {
      return;
    }
    const page = Math.max(1, Math.floor(this.element.clientHeight / this.#height) - 1);
    const from = Math.max(0, this.#active);
    const to = {
      ArrowDown: this.#active + 1,
      ArrowUp: from - 1,
      PageDown: from + page,
      PageUp: from - page,
      Home: 0,
      End: this.#total - 1,
    }[event.key];
    if (to !== undefined) {
      event.preventDefault();
      this.#step(Math.min(this.#total - 1, Math.max(0, to)));
    } else if (event.key === 'Enter' || event.key === ' ') {
      event.preventDefault();
      this.#open(this.#active);
    }
  }

  /** Goes to a row, and scrolls no further than it must. */
  #step(index) {
    const height = this.#height;
    const view = this.element;
    if (index * height < view.scrollTop) {
      view.scrollTop = index * height;
    } else if ((index + 1) * height > view.scrollTop + view.clientHeight) {
      view.scrollTop = (index + 1) * height - view.clientHeight;
    }
    this.#activate(index);
    this.#draw();
  }

  #click(event) {
    const row = event.target.closest('.row');
    for (const [index, each] of this.#rows) {
      if (each === row) {
        this.#activate(index);
        this.#open(index);
      }
    }
  }

  #open(index) {
    const item = this.#item(index);
    if (item !== undefined) {
      this.#options.open?.(item, index);
    }
  }
}

/**
 * The field above a list that says which of its items to show.
 *
 * @param typed takes what stands in it, in lower case, at each change
 */
export function filterOf(list, label, typed) {
  const field = el('input', {
    type: 'search',
    id: 'filter',
    placeholder: label,
    'aria-label': label,
    oninput: () => typed(field.value.toLowerCase()),
    onkeydown: (event) => {
      if (event.key === 'ArrowDown') {
        event.preventDefault();
        list.element.focus();
      }
    },
  });
  return field;
}
