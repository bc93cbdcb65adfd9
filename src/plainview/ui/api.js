// The platform's HTTP API, below the address that this file was loaded from.

const TOP = new URL("../../", import.meta.url);

// What the platform answers where it cannot do what was asked: what is wrong, in its own words.
export class Refused extends Error {
  constructor(status, code, message) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export const addressOf = (path) => new URL(path, TOP).href;

// The JSON at a path, with these parameters.
export async function ask(path, parameters = {}) {
  return (await answered(path, parameters)).json();
}

export async function askText(path, parameters = {}) {
  return (await answered(path, parameters)).text();
}

// What is answered to JSON sent there. It outlives the page, so that what was watched last is told, too.
export async function send(path, content) {
  const body = JSON.stringify(content);
  const headers = { "content-type": "application/json" };
  const options = { method: "POST", body, headers, keepalive: true };
  return (await answered(path, {}, options)).json();
}

async function answered(path, parameters, options) {
  const query = new URLSearchParams(parameters).toString();
  let answer;
  try {
    answer = await fetch(addressOf(query ? `${path}?${query}` : path), options);
  } catch {
    throw new Refused(0, "unreachable", "The platform does not answer. Are you connected?");
  }
  if (answer.ok) return answer;
  const problem = await answer.json().catch(() => ({}));
  throw new Refused(answer.status, problem.error ?? "", problem.message ?? `The platform answered ${answer.status}.`);
}
