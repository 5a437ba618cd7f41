// What a revocation would come to, drawn before it is made.

import {
  chip, command, count, el, facts, failure, foldable, foreign, meta, short, show, table,
} from './dom.js';
import {drawing} from './chain.js';
import {get} from './server.js';

/** Updates that are drawn. */
const DRAWN = 200;

export function revocation({path, place, parameters, go}) {
  const stop = new AbortController();
  const chosen = new Set(parameters.getAll('key'));
  let forkFrom = parameters.get('forkFrom') ?? undefined;
  const boxes = el('fieldset', {class: 'boxes'});
  const plan = el('div', {class: 'plan', 'aria-live': 'polite'});
  const problems = el('div', {});
  let asked = 0;

  async function load() {
    try {
      const answer = await get(path + '/keys', stop.signal);
      const trusted = new Set(answer.keys.map((each) => each.key));
      const focused = boxes.contains(document.activeElement) ? document.activeElement.value : '';
      show(problems);
      show(
        boxes,
        el('legend', {}, 'Keys to revoke'),
        ...answer.keys.map(box),
      );
      for (const key of [...chosen]) {
        if (!trusted.has(key)) {
          chosen.delete(key);
        }
      }
      boxes.querySelector(`input[value="${CSS.escape(focused)}"]`)?.focus();
      await draw();
    } catch (problem) {
      if (problem.name !== 'AbortError') {
        show(problems, failure(problem));
      }
    }
  }

  function box(each) {
    const input = el('input', {
      type: 'checkbox',
      value: each.key,
      checked: chosen.has(each.key),
      onchange: () => {
        input.checked ? chosen.add(each.key) : chosen.delete(each.key);
        forkFrom = undefined;
        go(query());
        draw();
      },
    });
    return el(
      'label',
      {},
      input,
      el('span', {}, ...key(each)),
    );
  }

  /** What is planned, as parameters. */
  function query(from = forkFrom) {
    return [...[...chosen].map((key) => ['key', key]), ...(from ? [['forkFrom', from]] : [])];
  }

  async function draw() {
    const number = ++asked;
    if (chosen.size === 0) {
      show(
        plan,
        el('p', {class: 'muted'}, 'Choose the keys that were stolen. Nothing is written.'),
      );
      return;
    }
    try {
      const answer = await get(`${path}/revocation?${new URLSearchParams(query())}`, stop.signal);
      if (number === asked) {
        show(plan, ...described(answer));
      }
    } catch (problem) {
      if (number === asked && problem.name !== 'AbortError') {
        show(plan, failure(problem));
      }
    }
  }

  function described(answer) {
    return [
      el('h2', {}, 'What it would come to'),
      forkFrom &&
        el(
          'p',
          {},
          'With the fork point that was chosen. ',
          el('a', {href: place('revocation', query(''))}, 'Have it found instead'),
        ),
      picture(answer),
      answer.onLosingBranch
        ? el(
            'p',
            {class: 'notice warn'},
            'A revocation has no effect there: the fork point is on a branch that lost.',
          )
        : el(
            'p',
            {},
            el('strong', {}, `Votes needed: ${answer.votesNeeded}`),
            answer.displaces
              ? [', as ', short(answer.displaces), ` has ${answer.displacedVotes} there`]
              : ', because nothing follows there',
          ),
      el('h3', {}, 'Could sign'),
      answer.couldSign.length === 0
        ? el('p', {}, 'nobody')
        : listed(answer.couldSign, (each) => [
            key(each),
            each.ofThoseEnough && chip('one of a sufficient set', 'good'),
          ]),
      !answer.canTakeEffect &&
        !answer.onLosingBranch &&
        el('p', {class: 'notice bad'}, 'Even together they do not have enough votes.'),
      answer.mustNotSign.length > 0 &&
        el('h3', {}, 'Must not sign, or control would refuse it'),
      answer.mustNotSign.length > 0 &&
        listed(answer.mustNotSign, (each) => [key(each), foreign(each.reason)]),
      el('h3', {}, 'Afterwards'),
      outlook(answer),
      facts(
        ['Remaining keys', listed(answer.keysLeft, key)],
        [
          'Not restored',
          answer.notRestored.length > 0 ? listed(answer.notRestored, key) : undefined,
        ],
      ),
      el('h3', {}, 'Nodes'),
      el(
        'p',
        {},
        `Of ${count(answer.nodes, 'node')}, ${answer.keptNow} are kept now, and`,
        ` ${answer.keptAfterwards} afterwards.`,
      ),
      answer.affected.length > 0 && affected(answer.affected),
      answer.command && el('h3', {}, 'To begin, with one of the keys that could sign'),
      answer.command && command(answer.command),
    ];
  }

  function outlook(answer) {
    return el(
      'ul',
      {class: 'plain'},
      el(
        'li',
        {},
        answer.answerableFrom
          ? [
              'The revoked keys could answer it from ',
              short(answer.answerableFrom),
              answer.unanswerableForkPoint
                ? [
                    '; --fork-from ',
                    el(
                      'a',
                      {href: place('revocation', query(answer.unanswerableForkPoint)), class: 'hash'},
                      answer.unanswerableForkPoint,
                    ),
                    ' prevents that',
                    !answer.unanswerableCanTakeEffect && ', but needs more votes than there are',
                  ]
                : '; no fork point prevents that',
              '.',
            ]
          : 'The revoked keys could not answer it.',
      ),
      answer.refusedByControl &&
        el('li', {class: 'bad'}, 'Control would refuse it: ', foreign(answer.refusedByControl)),
      answer.belowWindows &&
        el(
          'li',
          {},
          'It forks off before the AUMs that nodes keep: shipping nodes that have compacted',
          " cannot follow it without 'tka repair'.",
        ),
    );
  }

  function key(each) {
    return [
      el('code', {title: each.key}, foreign(shortened(each.key))),
      ' ',
      count(Number(each.votes), 'vote'),
      ' ',
      meta(each.meta),
      ' ',
    ];
  }

  function listed(values, shown) {
    return el('ul', {class: 'plain'}, ...values.map((each) => el('li', {}, shown(each))));
  }

  function affected(list) {
    const verdict = (kept) => chip(kept ? 'kept' : 'dropped', kept ? 'good' : 'bad');
    return table(
      'Nodes that are affected',
      ['Node', 'Now', 'Afterwards', 'Why'],
      list.map((each) => [
        el(
          'a',
          {href: place('nodes', {node: each.node})},
          each.name ? foreign(each.name, 80) : `node ${each.node}`,
        ),
        verdict(each.kept),
        verdict(each.keptAfterwards),
        [
          each.losesKey && ['loses ', el('code', {}, foreign(shortened(each.losesKey))), ' '],
          each.reason && [foldable(each.reason), ' '],
          each.cannotFollow && ['could not follow: ', foldable(each.cannotFollow)],
        ],
      ]),
    );
  }

  function shortened(key) {
    return key.slice(0, 18) + '…';
  }

  /** The new branch on the left, and beside it what it displaces. */
  function picture(answer) {
    const erased = [...answer.erased].reverse();
    const rows = [
      {
        row: {lane: 0, tip: true, below: 'goes-on', kind: 'checkpoint', active: true},
        text: [el('strong', {}, 'The recovery update'), chip('planned', 'good')],
      },
      ...erased.slice(0, DRAWN).map((each, i) => ({
        row: {
          lane: 1,
          tip: i === 0,
          below: i === erased.length - 1 ? 'joins' : 'goes-on',
          kind: each.kind,
          active: false,
        },
        text: [
          el(
            'span',
            {class: 'displaced'},
            each.kind,
            keys(' adds ', each.addedKeys),
            keys(' removes ', each.removedKeys),
            keys(', signed by ', each.signedBy),
          ),
          chip('erased', 'bad'),
          el(
            'a',
            {href: place('chain', {update: each.hash}), class: 'hash'},
            short(each.hash, 10),
          ),
        ],
      })),
    ];
    if (erased.length > DRAWN) {
      rows.push({
        row: {lane: 1, tip: false, below: 'joins', kind: 'no-op', active: false},
        text: [`and ${count(erased.length - DRAWN, 'update')} more`],
      });
    }
    rows.push({
      row: {lane: 0, tip: false, below: 'goes-on', kind: 'fork', active: true},
      text: [
        'Fork point ',
        el(
          'a',
          {href: place('chain', {update: answer.forkPoint}), class: 'hash'},
          short(answer.forkPoint, 16),
        ),
      ],
    });
    return el(
      'div',
      {class: 'picture'},
      el(
        'p',
        {},
        erased.length === 0
          ? 'Nothing would be erased.'
          : `${count(erased.length, 'update')} would be erased.`,
      ),
      el(
        'ol',
        {'aria-label': 'The plan, newest first'},
        ...rows.map(({row, text}) =>
          el('li', {}, drawing(row, 2), el('span', {class: 'what'}, ...text)),
        ),
      ),
    );
  }

  function keys(verb, ids) {
    return ids.length === 0 ? '' : [verb, foreign(ids.map((each) => each.slice(0, 14)).join(', '))];
  }

  load();
  return {
    element: el(
      'section',
      {class: 'page revocation', 'aria-label': 'Revocation'},
      el('div', {class: 'choose'}, problems, boxes),
      plan,
    ),
    changed: load,
    moved(now) {
      chosen.clear();
      now.getAll('key').forEach((each) => chosen.add(each));
      forkFrom = now.get('forkFrom') ?? undefined;
      load();
    },
    close: () => stop.abort(),
  };
}
