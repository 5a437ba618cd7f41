// How the page is put together. Words of our own are strings; whatever comes from a tailnet goes
// through foreign(), and nothing is ever read as markup.

/** Characters that show nothing, or turn or break the text around them. */
const HIDDEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cn}\p{Co}\p{Cs}]/gu;

const SVG = 'http://www.w3.org/2000/svg';

/** Makes an element: el('p', {class: 'note'}, 'words', anotherElement). */
export function el(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

/** Makes an element of a drawing. */
export function svg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') {
      element.addEventListener(name.slice(2), value);
    } else if (value === true) {
      element.setAttribute(name, '');
    } else if (value !== false && value !== undefined && value !== null) {
      element.setAttribute(name, String(value));
    }
  }
  put(element, children);
  return element;
}

function put(element, children) {
  for (const child of children.flat(Infinity)) {
    if (child !== undefined && child !== null && child !== false) {
      element.append(child);
    }
  }
}

/** Replaces what is in an element. */
export function show(element, ...children) {
  element.replaceChildren();
  put(element, children);
}

/**
 * A text that comes from a tailnet, on its own direction, with hidden characters made visible.
 *
 * @param most how many characters to show
 */
export function foreign(text, most = Infinity) {
  const bdi = el('bdi', {class: 'foreign'});
  const all = String(text);
  const cut = all.length > most;
  // A pair of surrogates is not cut in two.
  const shown = cut ? [...all.slice(0, most * 2)].slice(0, most).join('') : all;
  let from = 0;
  for (const match of shown.matchAll(HIDDEN)) {
    bdi.append(shown.slice(from, match.index));
    bdi.append(el('span', {class: 'hidden-character'}, codeOf(match[0])));
    from = match.index + match[0].length;
  }
  bdi.append(shown.slice(from));
  if (cut) {
    bdi.append('…');
  }
  return bdi;
}

function codeOf(character) {
  return 'U+' + character.codePointAt(0).toString(16).toUpperCase().padStart(4, '0');
}

/** A text that comes from a tailnet; a long one is folded. */
export function foldable(text) {
  const all = String(text);
  if (all.length <= 300) {
    return foreign(all);
  }
  return el(
    'details',
    {class: 'fold'},
    el('summary', {}, foreign(all, 120), ` (${all.length} characters)`),
    foreign(all),
  );
}

/** A shortened text whose whole is shown on hover, such as a hash. */
export function short(text, most = 12) {
  const all = String(text);
  return el('code', {title: all}, all.length > most ? all.slice(0, most) + '…' : all);
}

/** Says something to people who do not see the page. */
export function say(text) {
  document.getElementById('said').textContent = text;
}

/** A command to copy. */
export function command(text, label = 'Copy') {
  const code = el('code', {tabindex: '0', 'aria-label': 'command'}, foreign(text));
  const button = el(
    'button',
    {
      type: 'button',
      class: 'copy',
      'aria-label': label + ': ' + String(text).slice(0, 60),
      onclick: async () => {
        button.textContent = (await copy(text, code)) ? 'Copied' : 'Selected';
        say(button.textContent);
        setTimeout(() => (button.textContent = label), 2000);
      },
    },
    label,
  );
  return el('div', {class: 'command'}, code, button);
}

/** Without TLS and away from localhost a browser has no clipboard: the text is selected there. */
async function copy(text, code) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    getSelection().selectAllChildren(code);
    return false;
  }
}

/** A word in a coloured frame. */
export function chip(word, tone = '') {
  return el('span', {class: 'chip ' + tone}, word);
}

/** A number with its noun. */
export function count(number, noun) {
  return `${number.toLocaleString('en')} ${noun}${number === 1 ? '' : 's'}`;
}

/** How many of all are shown, with their noun. */
export function countOf(shown, all, noun) {
  return shown === all ? count(all, noun) : `${shown.toLocaleString('en')} of ${count(all, noun)}`;
}

/** A time, in the reader's own zone, with the exact one on hover. */
export function time(instant) {
  const at = new Date(instant);
  return el(
    'time',
    {datetime: instant, title: instant},
    at.toLocaleString(undefined, {dateStyle: 'medium', timeStyle: 'short'}),
  );
}

/** How long ago something was. */
export function ago(instant) {
  const seconds = Math.max(0, (Date.now() - new Date(instant)) / 1000);
  for (const [unit, length] of [['day', 86400], ['hour', 3600], ['minute', 60]]) {
    if (seconds >= length) {
      return count(Math.floor(seconds / length), unit) + ' ago';
    }
  }
  return count(Math.floor(seconds), 'second') + ' ago';
}

/** Names and values. Pairs without a value are left out. */
export function facts(...pairs) {
  const list = el('dl', {class: 'facts'});
  for (const [name, ...value] of pairs) {
    if (value.length > 0 && value.some((each) => each !== undefined && each !== null)) {
      list.append(el('div', {}, el('dt', {}, name), el('dd', {}, ...value)));
    }
  }
  return list;
}

/** The metadata of a key, on one line; nothing if there is none. */
export function meta(entries) {
  const names = Object.keys(entries ?? {});
  return names.length === 0
    ? undefined
    : el(
        'span',
        {class: 'meta'},
        ...names.flatMap((name, i) => [
          i > 0 ? ', ' : '',
          foreign(name, 40),
          '=',
          foreign(entries[name], 80),
        ]),
      );
}

/**
 * A table that scrolls sideways by itself where it is too wide.
 *
 * @param names of the columns; the first one names a row
 * @param rows what each cell shows, one list a row
 */
export function table(label, names, rows) {
  return el(
    'div',
    {class: 'scroll-x', tabindex: '0', role: 'region', 'aria-label': label},
    el(
      'table',
      {},
      el('thead', {}, el('tr', {}, ...names.map((name) => el('th', {scope: 'col'}, name)))),
      el(
        'tbody',
        {},
        ...rows.map(([first, ...others]) =>
          el(
            'tr',
            {},
            el('th', {scope: 'row'}, first),
            ...others.map((each, i) =>
              el(
                'td',
                {
                  'data-name': names[i + 1],
                  class: typeof each === 'number' ? 'number' : undefined,
                },
                el('div', {}, typeof each === 'number' ? each.toLocaleString('en') : each),
              ),
            ),
          ),
        ),
      ),
    ),
  );
}

/** What went wrong, as the server says it. */
export function failure(problem) {
  return el('p', {class: 'notice bad', role: 'alert'}, foreign(problem.message));
}
