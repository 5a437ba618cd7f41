// One tailnet's chain as a drawing, and one of its updates in full.

import {
  ago, chip, command, count, el, facts, failure, foldable, foreign, meta, short, show, svg, time,
} from './dom.js';
import {List} from './list.js';
import {get} from './server.js';

const ROW = 30;
const LANE = 14;

/** Lanes that are drawn; the ones beyond are cut. */
const LANES = 14;

export function chain({path, place, parameters, go}) {
  const stop = new AbortController();
  const problems = el('div', {});
  const counted = el('p', {class: 'counted', role: 'status'});
  const panel = el('aside', {class: 'panel', 'aria-label': 'Update', hidden: true});
  const layout = el('div', {class: 'beside'});
  let chosen = parameters.get('update') ?? undefined;
  let lanes = 1;
  let asked = 0;

  const list = new List({
    label: 'Updates of the chain, newest first',
    class: 'chain',
    row: ROW,
    load: async (from, number) => {
      const answer = await get(`${path}/graph?from=${from}&count=${number}`, stop.signal);
      lanes = Math.min(LANES, answer.lanes);
      counted.textContent =
        `${count(answer.length, 'update')} on the active chain` +
        (answer.rows > answer.length
          ? `, ${count(answer.rows - answer.length, 'other')} beside it`
          : '') +
        (answer.purged > 0 ? `, ${answer.purged} older ones purged` : '');
      return {
        items: answer.updates,
        total: answer.rows,
        version: answer.head + answer.rows,
      };
    },
    failed: (problem) => {
      if (problem.name !== 'AbortError') {
        show(problems, failure(problem));
      }
    },
    render: (each) => [
      drawing(each, lanes),
      el(
        'span',
        {class: 'what' + (each.active ? '' : ' displaced')},
        el('span', {class: 'summary'}, foreign(each.summary, 100)),
        ...each.labels.map((label) => chip(label, label === 'head' ? 'good' : '')),
        !each.active && chip('displaced'),
      ),
      el('span', {class: 'when', title: each.committedAt}, ago(each.committedAt)),
      short(each.hash, 10),
    ],
    open: (each) => choose(each.hash, true),
  });

  /** Shows an update in the panel. */
  async function choose(hash, noted) {
    chosen = hash;
    if (noted) {
      go(hash === undefined ? {} : {update: hash});
    }
    list.choose((each) => each.hash === hash);
    const number = ++asked;
    if (hash === undefined) {
      panel.hidden = true;
      layout.classList.remove('open');
      return;
    }
    let update;
    try {
      update = await get(`${path}/updates/${encodeURIComponent(hash)}`, stop.signal);
    } catch (problem) {
      if (number === asked && problem.name !== 'AbortError') {
        panel.hidden = false;
        layout.classList.add('open');
        show(panel, closing(), failure(problem));
      }
      return;
    }
    if (number === asked) {
      panel.hidden = false;
      layout.classList.add('open');
      show(panel, closing(), ...detail(update));
      panel.scrollTop = 0;
      if (noted && list.element.offsetParent === null) {
        panel.querySelector('.close').focus();
      }
    }
  }

  function closing() {
    return el(
      'button',
      {
        type: 'button',
        class: 'quiet close',
        'aria-label': 'Close the update',
        onclick: () => {
          choose(undefined, true);
          list.element.focus();
        },
      },
      'Close',
    );
  }

  /** A link to another update, which is brought into view. */
  function link(hash) {
    return el(
      'a',
      {
        href: place('chain', {update: hash}),
        class: 'hash',
        onclick: (event) => {
          event.preventDefault();
          jump(hash);
        },
      },
      short(hash, 16),
    );
  }

  async function jump(hash) {
    await Promise.all([choose(hash, true), reveal(hash)]);
  }

  async function reveal(hash) {
    try {
      const answer = await get(
        `${path}/graph?at=${encodeURIComponent(hash)}&count=1`,
        stop.signal,
      );
      list.reveal(answer.at);
    } catch (problem) {
      if (problem.name !== 'AbortError') {
        show(problems, failure(problem));
      }
    }
  }

  function detail(update) {
    const signers = update.signers;
    return [
      el('h2', {}, foreign(update.summary)),
      el(
        'p',
        {class: 'strip'},
        el('span', {}, update.active ? chip('on the active chain', 'good') : chip('displaced')),
        update.head && el('span', {}, chip('head', 'good')),
        update.illFormed !== undefined && el('span', {}, chip('not well-formed', 'bad')),
      ),
      update.illFormed !== undefined &&
        el('p', {class: 'notice bad'}, foreign(update.illFormed)),
      facts(
        ['Hash', el('code', {class: 'long'}, update.hash)],
        ['Parent', update.aum.PrevAUMHash ? link(update.aum.PrevAUMHash) : 'none: it is the first'],
        [
          update.children.length > 1 ? 'Children' : 'Child',
          ...(update.children.length === 0
            ? ['none']
            : update.children.flatMap((each, i) => [i > 0 ? ' ' : '', link(each)])),
        ],
        ['Stored', update.committedAt && time(update.committedAt)],
        ['Size', count(update.size, 'byte')],
      ),
      el('h3', {}, signers.length === 0 ? 'Signed by nobody' : 'Signed by'),
      el('ul', {class: 'signers'}, ...signers.map(signer)),
      el('h3', {}, 'Fields'),
      fields(update.aum),
      el('h3', {}, 'To see all of it'),
      command(update.command),
      el(
        'details',
        {class: 'fold'},
        el('summary', {}, 'Encoding and other hashes'),
        facts(
          ['Hash, hex', el('code', {class: 'long'}, update.hashHex)],
          ['What is signed', el('code', {class: 'long'}, update.sigHash)],
          ['Encoding', el('code', {class: 'long'}, update.raw)],
        ),
      ),
    ];
  }

  function changed() {
    show(problems);
    list.reload().catch((problem) => {
      if (problem.name !== 'AbortError') {
        show(problems, failure(problem));
      }
    });
    if (chosen !== undefined) {
      choose(chosen, false);
    }
  }

  list
    .reload()
    .then(() => chosen !== undefined && jump(chosen))
    .catch((problem) => {
      if (problem.name !== 'AbortError') {
        show(problems, failure(problem));
      }
    });
  layout.append(el('div', {class: 'list-side'}, legend(), problems, list.element, counted), panel);
  return {
    element: layout,
    changed,
    moved(now) {
      const hash = now.get('update') ?? undefined;
      if (hash !== chosen) {
        hash === undefined ? choose(undefined, false) : jump(hash);
      }
    },
    close() {
      stop.abort();
      list.close();
    },
  };
}

function signer(each) {
  const judged =
    each.trusted === undefined
      ? undefined
      : each.trusted
        ? chip(`trusted, ${count(Number(each.votes), 'vote')}`, 'good')
        : chip('not trusted', 'bad');
  return el(
    'li',
    {},
    el('div', {}, el('code', {class: 'long'}, foreign(each.key))),
    el(
      'div',
      {class: 'strip'},
      el('span', {}, each.verifies ? chip('verifies', 'good') : chip('does not verify', 'bad')),
      judged && el('span', {}, judged),
      meta(each.meta),
    ),
  );
}

/** The fields of an AUM as they are, one below the other. */
function fields(value) {
  if (Array.isArray(value)) {
    return value.length === 0
      ? 'none'
      : el('ol', {class: 'values'}, ...value.map((each) => el('li', {}, fields(each))));
  }
  if (value !== null && typeof value === 'object') {
    return el(
      'dl',
      {class: 'fields'},
      ...Object.entries(value).map(([name, inner]) =>
        el('div', {}, el('dt', {}, foreign(name, 80)), el('dd', {}, fields(inner))),
      ),
    );
  }
  return foldable(value);
}

/** The lines and the mark of one row. */
export function drawing(each, lanes) {
  const width = lanes * LANE + 4;
  const middle = ROW / 2;
  const x = (lane) => lane * LANE + LANE / 2 + 2;
  const parts = [];
  for (let lane = 0; lane < Math.min(each.lane, LANES); lane++) {
    parts.push(line(`M${x(lane)} 0V${ROW}`, lane === 0));
  }
  if (each.lane >= LANES) {
    return svg('svg', {class: 'graph', width, height: ROW, 'aria-hidden': 'true'}, ...parts);
  }
  const here = x(each.lane);
  const own = each.lane === 0 && each.active;
  if (!each.tip) {
    parts.push(line(`M${here} 0V${middle}`, own));
  }
  if (each.below === 'goes-on') {
    parts.push(line(`M${here} ${middle}V${ROW}`, own));
  } else if (each.below === 'joins') {
    const left = x(each.lane - 1);
    parts.push(line(`M${here} ${middle}C${here} ${middle + 9} ${left} ${ROW - 9} ${left} ${ROW}`, false));
  }
  parts.push(mark(each, here, middle));
  return svg('svg', {class: 'graph', width, height: ROW, 'aria-hidden': 'true'}, ...parts);
}

function line(d, active) {
  return svg('path', {d, class: active ? 'line active' : 'line'});
}

/** A mark for each kind, so that colour is not all that tells them apart. */
function mark(each, x, y) {
  const group = svg('g', {class: `mark ${each.kind}${each.active ? '' : ' displaced'}`});
  if (each.kind === 'checkpoint') {
    group.append(svg('rect', {x: x - 5, y: y - 5, width: 10, height: 10, rx: 2}));
  } else if (each.kind === 'no-op') {
    group.append(svg('circle', {cx: x, cy: y, r: 3.5}));
  } else {
    group.append(svg('circle', {cx: x, cy: y, r: 5.5}));
    const cross = {
      'add-key': `M${x - 3} ${y}h6M${x} ${y - 3}v6`,
      'remove-key': `M${x - 3} ${y}h6`,
      'update-key': `M${x - 2.5} ${y + 1}l2.5 -3l2.5 3`,
    }[each.kind];
    if (cross) {
      group.append(svg('path', {d: cross, class: 'sign'}));
    }
  }
  return group;
}

function legend() {
  const kinds = [
    ['checkpoint', 'checkpoint', true],
    ['add-key', 'key added', true],
    ['remove-key', 'key removed', true],
    ['update-key', 'key updated', true],
    ['no-op', 'no-op', true],
    ['no-op', 'displaced', false],
  ];
  return el(
    'ul',
    {class: 'legend', 'aria-label': 'Marks'},
    ...kinds.map(([kind, name, active]) =>
      el(
        'li',
        {},
        svg(
          'svg',
          {width: 16, height: 16, 'aria-hidden': 'true', class: 'graph'},
          mark({kind, active}, 8, 8),
        ),
        name,
      ),
    ),
  );
}
