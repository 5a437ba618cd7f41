// Which view is shown. Places in the page are after the hash: #/ is the list of tailnets,
// #/t/NAME/chain, keys, nodes and revocation are views of one; ?update=HASH names an update.

import {count, el, failure, foreign, short, show} from './dom.js';
import {Live} from './live.js';
import {get, pathOf, session, signIn, signOut, whoAmI} from './server.js';
import {chain} from './chain.js';
import {keys} from './keys.js';
import {nodes} from './nodes.js';
import {revocation} from './revocation.js';
import {stateOf, tailnets} from './tailnets.js';

const TITLE = 'Tailnet key authority';
const VIEWS = {chain, keys, nodes, revocation};
const NAMES = {chain: 'Chain', keys: 'Keys', nodes: 'Nodes', revocation: 'Revocation'};

const main = document.getElementById('main');
const live = new Live();
let current;
let frame;

/** What the hash says. */
function place() {
  const [path, query] = location.hash.replace(/^#/, '').split('?');
  const parts = path.split('/');
  const parameters = new URLSearchParams(query ?? '');
  if (parts[1] === 't' && parts[2]) {
    try {
      const view = VIEWS[parts[3]] ? parts[3] : 'chain';
      return {tailnet: decodeURIComponent(parts[2]), view, parameters};
    } catch {
      // Somebody typed it.
    }
  }
  return {tailnet: undefined, view: 'tailnets', parameters};
}

/** The place of a view of a tailnet. */
function placeOf(tailnet, view, parameters = {}) {
  const query = new URLSearchParams(parameters).toString();
  return `#/t/${encodeURIComponent(tailnet)}/${view}${query === '' ? '' : '?' + query}`;
}

function close() {
  current?.close?.();
  current = undefined;
}

async function go() {
  const at = place();
  if (frame && frame.tailnet === at.tailnet && current && frame.view === at.view && current.moved) {
    current.moved(at.parameters);
    return;
  }
  close();
  document.title = at.tailnet ? `${NAMES[at.view]} · ${printable(at.tailnet)}` : TITLE;
  if (at.tailnet === undefined) {
    frame = {tailnet: undefined, view: at.view};
    live.follow('/v1/watch');
    current = tailnets({open: (name) => (location.hash = placeOf(name, 'chain'))});
    show(main, current.element);
    return;
  }
  const opened = {tailnet: at.tailnet, view: at.view};
  if (frame?.tailnet === at.tailnet && frame.bar) {
    opened.bar = frame.bar;
    opened.body = frame.body;
    opened.status = frame.status;
  }
  frame = opened;
  if (!frame.bar) {
    frame.bar = el('div', {class: 'tailnet-head'});
    frame.body = el('div', {class: 'view'});
    live.stop();
    show(main, frame.bar, frame.body);
  }
  await look();
  if (frame === opened && frame.status) {
    live.follow(pathOf(at.tailnet) + '/watch');
    openView(at);
  }
}

/** A title cannot show which characters are hidden. */
function printable(name) {
  return name.replace(/[\p{Cc}\p{Cf}]/gu, '\u{fffd}').slice(0, 80);
}

/** Looks how the tailnet stands, and says so above the view. */
async function look() {
  const looked = frame;
  let status;
  try {
    status = await get(pathOf(looked.tailnet));
  } catch (problem) {
    if (looked === frame) {
      head(undefined);
      show(looked.body, failure(problem));
      looked.status = undefined;
      close();
    }
    return;
  }
  if (looked === frame) {
    looked.status = status;
    head(status);
  }
}

function head(status) {
  const {tailnet, view, bar} = frame;
  const facts = [];
  if (status) {
    facts.push(...stateOf(status));
    if (status.head) {
      facts.push(el('span', {}, 'head ', short(status.head)));
      facts.push(count(status.length, 'AUM'), count(status.keys, 'key'));
    }
    facts.push(count(status.nodes, 'node'));
  }
  const focused = bar.contains(document.activeElement) ? document.activeElement.dataset.view : '';
  show(
    bar,
    el(
      'div',
      {class: 'title-line'},
      el('a', {class: 'up', href: '#/', 'aria-label': 'All tailnets'}, 'Tailnets'),
      el('span', {class: 'sep', 'aria-hidden': 'true'}, '/'),
      el('h1', {}, foreign(tailnet, 120)),
    ),
    el('p', {class: 'strip'}, ...facts.map((each) => el('span', {}, each))),
    status?.problem && el('p', {class: 'notice bad'}, foreign(status.problem)),
    el(
      'nav',
      {'aria-label': 'Views of this tailnet', class: 'tabs'},
      ...Object.keys(VIEWS).map((each) =>
        el(
          'a',
          {
            href: placeOf(tailnet, each),
            'data-view': each,
            'aria-current': each === view ? 'page' : undefined,
          },
          NAMES[each],
        ),
      ),
    ),
  );
  if (focused) {
    bar.querySelector(`[data-view="${focused}"]`)?.focus();
  }
}

function openView(at) {
  const status = frame.status;
  if (!status) {
    return;
  }
  if (!isOn(status)) {
    show(
      frame.body,
      el(
        'p',
        {class: 'notice'},
        status.problem
          ? 'The lock cannot be opened. On the server, tka doctor says why.'
          : 'Tailnet Lock is NOT enabled.',
      ),
    );
    if (at.view !== 'nodes') {
      return;
    }
  }
  current = VIEWS[at.view]({
    tailnet: at.tailnet,
    path: pathOf(at.tailnet),
    parameters: at.parameters,
    status,
    place: (view, parameters) => placeOf(at.tailnet, view, parameters),
    go: (parameters) => history.replaceState(null, '', placeOf(at.tailnet, at.view, parameters)),
  });
  show(frame.body, current.element);
}

/** Whether a change is being looked at, and whether there was another one meanwhile. */
let looking = false;
let more = false;

live.addEventListener('change', async ({detail}) => {
  if (place().tailnet === undefined) {
    current?.changed?.(detail);
    return;
  }
  if (detail.moved !== undefined) {
    // It would be followed to the other server.
    live.stop();
  }
  if (looking) {
    more = true;
    return;
  }
  looking = true;
  do {
    more = false;
    const shown = frame;
    const before = shown?.status;
    const looked = look();
    if (isOn(before)) {
      current?.changed?.();
    }
    await looked;
    if (shown === frame && shown?.status && isOn(before) !== isOn(shown.status)) {
      close();
      openView(place());
    }
    // Whatever else happens at once is looked at once.
    await new Promise((done) => setTimeout(done, 100));
  } while (more);
  looking = false;
});

function isOn(status) {
  return status !== undefined && status.lock === 'on' && !status.problem;
}

function askForToken(ended) {
  close();
  frame = undefined;
  live.stop();
  document.getElementById('sign-out').hidden = true;
  document.title = 'Sign in · ' + TITLE;
  const problem = el('div', {});
  const field = el('input', {
    id: 'token',
    name: 'token',
    type: 'password',
    autocomplete: 'current-password',
    required: true,
    spellcheck: 'false',
  });
  show(
    main,
    el(
      'form',
      {
        class: 'sign-in',
        method: 'post',
        action: '/session',
        onsubmit: async (event) => {
          event.preventDefault();
          show(problem);
          try {
            await signIn(field.value.trim());
            begin();
          } catch (e) {
            show(problem, failure(e));
            field.select();
          }
        },
      },
      el('h1', {}, 'Sign in'),
      ended && el('p', {class: 'notice'}, 'The session has ended.'),
      el(
        'p',
        {},
        "Give an operator's token. One that may only read is enough: this page changes nothing.",
      ),
      el('label', {for: 'token'}, "Operator's token"),
      field,
      problem,
      el('button', {type: 'submit', class: 'primary'}, 'Sign in'),
    ),
  );
  field.focus();
}

async function begin() {
  let known;
  try {
    known = await whoAmI();
    if (!known.signedIn) {
      askForToken(false);
      return;
    }
  } catch (problem) {
    show(main, failure(problem));
    return;
  }
  document.getElementById('sign-out').hidden = !known.byCookie;
  await go();
}

document.getElementById('sign-out').addEventListener('click', async () => {
  await signOut();
  await begin();
});
document.querySelector('.skip').addEventListener('click', (event) => {
  event.preventDefault();
  main.focus();
});
session.addEventListener('ended', () => askForToken(true));
addEventListener('hashchange', async () => {
  await go();
  if (!main.contains(document.activeElement)) {
    main.focus({preventScroll: true});
  }
});
begin();
