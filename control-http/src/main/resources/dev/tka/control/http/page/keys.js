// The trusted keys, what depends on each, and what is wrong or risky.

import {chip, command, count, el, facts, failure, foreign, meta, short, show, table} from './dom.js';
import {get} from './server.js';

export function keys({path, place}) {
  const stop = new AbortController();
  const element = el('section', {class: 'page', 'aria-label': 'Keys'});

  async function load() {
    let answer;
    try {
      answer = await get(path + '/keys', stop.signal);
    } catch (problem) {
      if (problem.name !== 'AbortError') {
        show(element, failure(problem));
      }
      return;
    }
    const problems = answer.findings.filter((each) => each.problem);
    const risks = answer.findings.filter((each) => !each.problem);
    show(
      element,
      answer.degraded &&
        el(
          'p',
          {class: 'notice bad'},
          'The store is damaged: until it is mended, nothing is authorized.',
        ),
      el('h2', {}, 'Trusted signing keys'),
      table(
        'Trusted signing keys',
        ['Key', 'Votes', "Others' votes", 'If it is stolen', 'Metadata'],
        answer.keys.map(row),
      ),
      el('h2', {}, 'Problems'),
      problems.length === 0
        ? el('p', {class: 'muted'}, 'None found.')
        : el('ul', {class: 'findings'}, ...problems.map(finding)),
      el('h2', {}, 'Risks'),
      risks.length === 0
        ? el('p', {class: 'muted'}, 'None found.')
        : el('ul', {class: 'findings'}, ...risks.map(finding)),
      el('h2', {}, 'Budget'),
      facts(
        ['Keys', `${answer.keysUsed} of ${answer.mostKeys}`],
        [
          'Disablement values',
          `${answer.disablementValues} of ${answer.mostDisablementValues}, fixed when the lock was made`,
        ],
        ['Active chain', count(answer.length, 'AUM')],
        ['Oldest ancestor', short(answer.oldestAncestor, 20)],
        ['State ids', el('code', {}, answer.stateIds.join(':'))],
      ),
      el('h2', {}, 'To examine all of it'),
      command(answer.doctor),
    );
  }

  function row(each) {
    const stolen = each.defect
      ? chip(each.defect, 'bad')
      : !each.canSign
        ? chip('can never sign', 'warn')
        : each.canBeOutvoted
          ? chip('the others can revoke it', 'good')
          : chip('cannot be outvoted', 'warn');
    return [
      el('code', {class: 'long'}, foreign(each.key)),
      each.votes,
      each.othersVotes ?? '',
      [stolen, ' ', el('a', {href: place('revocation', {key: each.key})}, 'plan a revocation')],
      meta(each.meta),
    ];
  }

  load();
  return {element, changed: load, close: () => stop.abort()};
}

function finding(each) {
  return el(
    'li',
    {class: each.problem ? 'bad' : 'warn'},
    el('p', {}, el('strong', {}, each.problem ? 'Problem: ' : 'Risk: '), foreign(each.text)),
    each.toDo && el('p', {class: 'muted'}, 'to do: ', foreign(each.toDo)),
    each.command && command(each.command),
  );
}
