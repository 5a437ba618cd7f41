// What the page asks of the server: it reads, and it signs in and out.

/** An answer that is not what was asked for; its message is the server's own line. */
export class Failure extends Error {
  constructor(status, code, message) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** Told when the server no longer knows who this is. */
export const session = new EventTarget();

/** The path of a tailnet. */
export function pathOf(tailnet) {
  return '/v1/tailnets/' + encodeURIComponent(tailnet);
}

async function ask(path, options = {}) {
  let answer;
  try {
    // A tailnet that was moved is not followed: its page is at its own server.
    answer = await fetch(path, {redirect: 'manual', cache: 'no-store', ...options});
  } catch (e) {
    if (e.name === 'AbortError') {
      throw e;
    }
    throw new Failure(0, 'unreachable', 'The server does not answer.');
  }
  if (answer.type === 'opaqueredirect') {
    throw new Failure(307, 'moved', 'This tailnet was moved to another server.');
  }
  if (!answer.ok) {
    const line = (await answer.text()).trim();
    if (answer.status === 401 && !options.method) {
      session.dispatchEvent(new Event('ended'));
    }
    throw new Failure(answer.status, answer.headers.get('Tka-Error') ?? '', sentence(line));
  }
  return answer;
}

function sentence(line) {
  return line === '' ? 'The server failed.' : line[0].toUpperCase() + line.slice(1) + '.';
}

/** Reads one value. */
export async function get(path, signal) {
  return (await ask(path, {signal})).json();
}

/** Reads values that come one a line, as they come. */
export async function lines(path, each, signal) {
  const answer = await ask(path, {signal});
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const {value, done} = await reader.read();
    const parts = (rest + (value ?? '')).split('\n');
    rest = parts.pop();
    for (const line of parts) {
      if (line !== '') {
        each(JSON.parse(line));
      }
    }
    if (done) {
      return;
    }
  }
}

/** Whether the server knows who this is, and whether by the cookie, which can be forgotten. */
export function whoAmI() {
  return get('/session');
}

/** Gives a token for a cookie. */
export async function signIn(token) {
  await ask('/session', {method: 'POST', body: new URLSearchParams({token})});
}

/** Has the browser forget the cookie. */
export async function signOut() {
  await ask('/session', {method: 'DELETE'});
}
