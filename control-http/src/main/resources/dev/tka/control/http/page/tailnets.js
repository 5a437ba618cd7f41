// All tailnets, with how each stands.

import {chip, count, countOf, el, failure, foreign, short, show} from './dom.js';
import {filterOf, List} from './list.js';
import {get, lines, pathOf} from './server.js';

const NARROW = matchMedia('(max-width: 640px)');

/** How long to wait for the watch, in milliseconds. */
const PATIENCE = 1000;

/** How often what is counted over all nodes of a tailnet is asked again at most. */
const SUMMARY_AGE = 5000;

/** How many of those requests are under way. */
const AT_ONCE = 4;

/** Whether a tailnet lives here, and its lock, as chips. */
export function stateOf(status) {
  const chips = [];
  if (status.moved) {
    chips.push(chip('moved', 'warn'));
  } else if (status.shadow) {
    chips.push(chip('unfinished copy', 'warn'));
  } else if (status.problem) {
    chips.push(chip('cannot be opened', 'bad'));
  } else {
    chips.push(
      {
        on: () => chip('enabled', 'good'),
        pending: () => chip('begun, not enabled', 'warn'),
        off: () => chip('not enabled'),
      }[status.lock]?.() ?? chip('unknown'),
    );
  }
  if (status.fenced) {
    chips.push(chip('being moved', 'warn'));
  }
  if (status.restored) {
    chips.push(chip('restored from a backup', 'warn'));
  }
  return chips;
}

const FILTERS = {
  all: ['All', () => true],
  on: ['Enabled', (each) => each.lock === 'on' && !each.problem],
  off: ['Not enabled', (each) => each.lock === 'off' || each.lock === 'pending'],
  away: ['Elsewhere', (each) => each.moved || each.shadow || each.fenced],
  wrong: ['With problems', (each, summary) => each.problem || summary?.alarms.length > 0],
};

export function tailnets({open}) {
  const stop = new AbortController();
  const all = new Map();
  const summaries = new Map();
  const counted = el('p', {class: 'counted', role: 'status'}, 'Reading…');
  const problems = el('div', {});
  let filter = 'all';
  let text = '';

  const list = new List({
    label: 'Tailnets',
    class: 'tailnets',
    row: () => (NARROW.matches ? 68 : 40),
    open: (each) => open(each.tailnet),
    render,
  });
  NARROW.addEventListener('change', () => list.refresh());

  const search = filterOf(list, 'Filter by name', (typed) => {
    text = typed;
    update();
  });
  const buttons = el(
    'div',
    {class: 'choices', role: 'group', 'aria-label': 'Which tailnets'},
    ...Object.entries(FILTERS).map(([key, [name]]) =>
      el(
        'button',
        {
          type: 'button',
          'data-filter': key,
          'aria-pressed': String(key === filter),
          onclick: () => {
            filter = key;
            for (const each of buttons.children) {
              each.setAttribute('aria-pressed', String(each.dataset.filter === key));
            }
            update();
          },
        },
        name,
      ),
    ),
  );

  function render(status) {
    const summary = summaries.get(status.tailnet)?.value;
    want(status);
    const away = status.moved ?? status.shadow;
    return [
      el('span', {class: 'name'}, foreign(status.tailnet, 120)),
      el('span', {class: 'state'}, ...stateOf(status)),
      away
        ? el(
            'span',
            {class: 'away'},
            status.moved ? 'to ' : 'of that in ',
            foreign(status.moved?.server ?? status.moved?.to ?? status.shadow.from, 80),
          )
        : el(
            'span',
            {class: 'numbers'},
            el('span', {class: 'keys'}, status.head ? count(status.keys, 'key') : ''),
            el('span', {class: 'nodes'}, count(status.nodes, 'node')),
            el(
              'span',
              {class: 'behind'},
              summary ? (summary.behind > 0 ? `${summary.behind} behind` : '') : '',
            ),
            el(
              'span',
              {class: 'alarms'},
              summary && summary.alarms.length > 0
                ? chip(count(summary.alarms.length, 'alarm'), 'bad')
                : '',
              summary && stranded(summary) > 0
                ? chip(`${stranded(summary)} stranded`, 'bad')
                : '',
            ),
            el('span', {class: 'head'}, status.head ? short(status.head) : ''),
          ),
    ];
  }

  function stranded(summary) {
    return summary.conditions.find((each) => each.condition === 'stranded')?.nodes ?? 0;
  }

  const queue = [];
  let running = 0;

  /** Asks for what is counted over nodes, once a row is in view. */
  function want(status) {
    const known = summaries.get(status.tailnet);
    if (!status.head || known?.asked || (known && !known.stale)) {
      return;
    }
    const wait = known ? Math.max(0, SUMMARY_AGE - (Date.now() - known.at)) : 0;
    summaries.set(status.tailnet, {...known, asked: true});
    setTimeout(() => {
      queue.push(status.tailnet);
      next();
    }, wait);
  }

  async function next() {
    if (running >= AT_ONCE || queue.length === 0 || stop.signal.aborted) {
      return;
    }
    running++;
    const name = queue.pop();
    try {
      const value = await get(pathOf(name) + '/summary', stop.signal);
      summaries.set(name, {value, at: Date.now(), stale: false});
      list.refresh((each) => each.tailnet === name);
    } catch {
      summaries.set(name, {value: summaries.get(name)?.value, at: Date.now(), stale: false});
    }
    running--;
    next();
  }

  function update() {
    const test = FILTERS[filter][1];
    const shown = [...all.values()]
      .filter(
        (each) =>
          each.tailnet.toLowerCase().includes(text) &&
          test(each, summaries.get(each.tailnet)?.value),
      )
      .sort((a, b) => (a.tailnet < b.tailnet ? -1 : 1));
    list.setItems(shown);
    counted.textContent = countOf(shown.length, all.size, 'tailnet');
  }

  async function load() {
    const found = new Map();
    try {
      await lines('/v1/tailnets', (each) => found.set(each.tailnet, each), stop.signal);
      show(problems);
    } catch (problem) {
      if (problem.name !== 'AbortError') {
        show(problems, failure(problem));
      }
      return;
    }
    all.clear();
    found.forEach((each, name) => all.set(name, each));
    for (const [name, known] of summaries) {
      summaries.set(name, {...known, stale: true});
    }
    update();
  }

  /** One tailnet changed. What is told of it as moved, its new server knows. */
  async function reload(name) {
    const known = summaries.get(name);
    if (known) {
      summaries.set(name, {...known, stale: true});
    }
    try {
      const now = await get(pathOf(name), stop.signal);
      const isNew = !all.has(name);
      all.set(name, now);
      if (isNew) {
        update();
      } else {
        replace(name, now);
      }
    } catch (problem) {
      if (problem.code === 'unknown-tailnet') {
        all.delete(name);
        update();
      } else if (problem.code === 'moved') {
        load();
      }
    }
  }

  /** Puts what is known now in its row, without moving the others. */
  function replace(name, now) {
    list.replace((each) => each.tailnet === name, now);
  }

  // The watch begins with a word that everything is to be read; it may not come.
  const begin = setTimeout(load, PATIENCE);
  return {
    element: el(
      'section',
      {class: 'page', 'aria-labelledby': 'tailnets-title'},
      el('h1', {id: 'tailnets-title'}, 'Tailnets'),
      el('div', {class: 'tools'}, search, buttons, counted),
      problems,
      el(
        'div',
        {class: 'columns tailnets', 'aria-hidden': 'true'},
        ...['Tailnet', 'State', 'Keys', 'Nodes', 'Behind', '', 'Head'].map((name) =>
          el('span', {}, name),
        ),
      ),
      list.element,
    ),
    changed(line) {
      if (line.resync) {
        clearTimeout(begin);
        load();
      } else if (line.tailnet !== undefined) {
        reload(line.tailnet);
      }
    },
    close() {
      clearTimeout(begin);
      stop.abort();
      list.close();
    },
  };
}
