// How every node of a tailnet stands, and why its peers keep or drop one.

import {
  ago, chip, command, countOf, el, facts, failure, foldable, foreign, short, show, time,
} from './dom.js';
import {filterOf, List} from './list.js';
import {get, lines} from './server.js';

const NARROW = matchMedia('(max-width: 640px)');

/** What needs a person comes first. */
const ORDER = [
  'stranded', 'refused', 'locked-out', 'retired', 'apart', 'behind', 'never-seen', 'current', 'off',
];

const TONES = {
  stranded: 'bad',
  refused: 'bad',
  'locked-out': 'bad',
  retired: 'warn',
  apart: 'warn',
  behind: 'warn',
  current: 'good',
};

export function nodes({path, status, parameters, go}) {
  const stop = new AbortController();
  let all = [];
  let condition = '';
  let text = '';
  let chosen = parameters.get('node') ?? undefined;
  let asked = 0;
  let loading = false;
  let again = false;

  const problems = el('div', {});
  const counted = el('p', {class: 'counted', role: 'status'}, 'Reading…');
  const conditions = el('div', {class: 'choices', role: 'group', 'aria-label': 'Which nodes'});
  const panel = el('aside', {class: 'panel', 'aria-label': 'Node', hidden: true});
  const layout = el('div', {class: 'beside'});
  const list = new List({
    label: 'Nodes',
    class: 'node-list',
    row: () => (NARROW.matches ? 56 : 36),
    open: (each) => choose(each.node, true),
    render: (each) => [
      el('span', {class: 'state'}, chip(each.condition, TONES[each.condition] ?? '')),
      el(
        'span',
        {class: 'name'},
        name(each),
        ' ',
        el('span', {class: 'muted'}, `node ${each.node}`),
      ),
      el(
        'span',
        {class: 'last'},
        each.last ? `last ${ago(each.last.at)}` : 'never came',
        each.behind > 0 ? `, ${each.behind} behind` : '',
        each.awaited ? ', awaited' : '',
      ),
    ],
  });
  NARROW.addEventListener('change', () => list.refresh());

  const search = filterOf(list, 'Filter by name, number or key', (typed) => {
    text = typed;
    update();
  });

  function name(each) {
    return each.name ? foreign(each.name, 120) : el('span', {class: 'muted'}, 'without a name');
  }

  function update() {
    const shown = all.filter(
      (each) =>
        (condition === '' || each.condition === condition) &&
        (text === '' ||
          each.node === text ||
          each.nodeKey.includes(text) ||
          (each.name ?? '').toLowerCase().includes(text)),
    );
    list.setItems(shown);
    list.choose((each) => each.node === chosen);
    counted.textContent = countOf(shown.length, all.length, 'node');
    const totals = new Map();
    all.forEach((each) => totals.set(each.condition, (totals.get(each.condition) ?? 0) + 1));
    const focused = conditions.contains(document.activeElement)
      ? document.activeElement.dataset.condition
      : undefined;
    show(
      conditions,
      ...['', ...ORDER.filter((each) => totals.has(each) || each === condition)].map((each) =>
        el(
          'button',
          {
            type: 'button',
            'data-condition': each,
            'aria-pressed': String(each === condition),
            onclick: () => {
              condition = each;
              update();
            },
          },
          each === '' ? 'All' : `${each} ${totals.get(each) ?? 0}`,
        ),
      ),
    );
    if (focused !== undefined) {
      conditions.querySelector(`[data-condition="${focused}"]`)?.focus();
    }
  }

  async function load() {
    if (loading) {
      again = true;
      return;
    }
    loading = true;
    const found = [];
    try {
      await lines(path + '/fleet', (each) => found.push(each), stop.signal);
      found.sort(
        (a, b) =>
          ORDER.indexOf(a.condition) - ORDER.indexOf(b.condition) ||
          (BigInt(a.node) < BigInt(b.node) ? -1 : 1),
      );
      all = found;
      show(problems);
      update();
      if (chosen !== undefined) {
        choose(chosen, false);
      }
    } catch (problem) {
      if (problem.name !== 'AbortError') {
        show(problems, failure(problem));
      }
    }
    loading = false;
    if (again) {
      again = false;
      load();
    }
  }

  async function choose(node, noted) {
    chosen = node;
    if (noted) {
      go(node === undefined ? {} : {node});
    }
    list.choose((each) => each.node === node);
    const number = ++asked;
    const entry = all.find((each) => each.node === node);
    panel.hidden = entry === undefined;
    layout.classList.toggle('open', entry !== undefined);
    if (entry === undefined) {
      return;
    }
    const explained = el('div', {}, el('p', {class: 'muted'}, 'Asking its peers…'));
    show(panel, ...detail(entry), explained);
    if (noted && list.element.offsetParent === null) {
      panel.querySelector('.close').focus();
    }
    if (status.lock !== 'on') {
      show(explained);
      return;
    }
    try {
      const answer = await get(`${path}/nodes/${node}/explanation`, stop.signal);
      if (number === asked) {
        show(explained, ...explanation(answer, entry));
      }
    } catch (problem) {
      if (number === asked && problem.name !== 'AbortError') {
        show(explained, failure(problem));
      }
    }
  }

  function signature(entry) {
    if (entry.signed) {
      return 'signed';
    }
    return entry.unsignedPeerApiOnly ? 'unsigned, for its peer API only' : 'none that counts';
  }

  function detail(entry) {
    const last = entry.last;
    return [
      el(
        'button',
        {
          type: 'button',
          class: 'quiet close',
          'aria-label': 'Close the node',
          onclick: () => {
            choose(undefined, true);
            list.element.focus();
          },
        },
        'Close',
      ),
      el('h2', {}, name(entry)),
      el(
        'p',
        {class: 'strip'},
        el('span', {}, chip(entry.condition, TONES[entry.condition] ?? '')),
        entry.behind > 0 && el('span', {}, `${entry.behind} behind`),
        entry.awaited && el('span', {}, chip('awaited', 'warn')),
        entry.told && el('span', {}, 'told apart: ', foreign(entry.told)),
      ),
      entry.reason && el('p', {}, el('strong', {}, 'why: '), foldable(entry.reason)),
      entry.remedy && el('p', {}, el('strong', {}, 'to do: '), foldable(entry.remedy)),
      entry.command && command(entry.command),
      facts(
        ['Number', entry.node],
        ['Node key', el('code', {class: 'long'}, foreign(entry.nodeKey))],
        ['Signature', signature(entry)],
        ['Last came', last ? time(last.at) : 'never'],
        ['It offered', last?.head && short(last.head, 20)],
        ['Oldest it has', last?.oldest && short(last.oldest, 20)],
        ['That ended', last && foreign(last.outcome)],
        [
          'Detail',
          last?.detail && last.detail !== entry.reason ? foldable(last.detail) : undefined,
        ],
      ),
    ];
  }

  function explanation(answer, entry) {
    return [
      el('h3', {}, answer.kept ? 'Its peers keep it' : 'Its peers drop it'),
      el(
        'p',
        {},
        chip(answer.kept ? 'kept' : 'dropped', answer.kept ? 'good' : 'bad'),
        ' ',
        foldable(answer.reason),
      ),
      answer.layers.length > 0 &&
        el(
          'ol',
          {class: 'layers'},
          ...answer.layers.map((each) =>
            el(
              'li',
              {class: each.fails ? 'fails' : ''},
              foreign(each.text),
              each.fails && chip('fails', 'bad'),
            ),
          ),
        ),
      ...answer.alarms.map((each) =>
        el('p', {class: 'notice bad'}, el('strong', {}, 'alarm: '), foreign(each)),
      ),
      answer.toDo && el('p', {}, el('strong', {}, 'to do: '), foreign(answer.toDo)),
      answer.help && answer.help !== entry.command && command(answer.help),
      el('h3', {}, 'To see why'),
      command(answer.command),
    ];
  }

  load();
  layout.append(
    el(
      'div',
      {class: 'list-side'},
      el('div', {class: 'tools'}, search, conditions),
      problems,
      list.element,
      counted,
    ),
    panel,
  );
  return {
    element: layout,
    changed: load,
    moved(now) {
      const node = now.get('node') ?? undefined;
      if (node !== chosen) {
        choose(node, false);
      }
    },
    close() {
      stop.abort();
      list.close();
    },
  };
}
