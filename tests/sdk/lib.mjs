// What the SDK tests share: the reference's own clients pointed at the server under test, and facts
// in the form of tests/e2e/lib.sh. Only the URL and the API key differ from what a user of the
// reference system writes.
import { deepStrictEqual } from 'node:assert';
import { inspect } from 'node:util';
import { IamAuthenticator } from 'ibm-cloud-sdk-core';

export const url = process.env.BREAKWATER_URL;
export const account = process.env.BREAKWATER_ACCOUNT;
export const apikey = process.env.BREAKWATER_API_KEY;

let facts = 0;
let failures = 0;

// A client of an SDK class. `path` is what takes the place of the reference's host name.
export function client(service, path, key = apikey, options = {}) {
  return service.newInstance({
    ...options,
    authenticator: new IamAuthenticator({ apikey: key, url: `${url}/iam` }),
    serviceUrl: url + path,
  });
}

function report(fact, problem) {
  if (problem === undefined) {
    facts += 1;
    console.log(`ok - ${fact}`);
  } else {
    failures += 1;
    console.log(`not ok - ${fact}`);
    console.log(String(problem).slice(0, 2000).replace(/^/gm, '    '));
  }
}

export function is(fact, found, expected) {
  try {
    deepStrictEqual(found, expected);
    report(fact);
  } catch {
    report(fact, `found:    ${inspect(found)}\nexpected: ${inspect(expected)}`);
  }
}

export function has(fact, found, ...fields) {
  const missing = fields.filter((field) => found?.[field] === undefined);
  report(fact, missing.length ? `missing: ${missing}\nfound: ${inspect(found)}` : undefined);
}

// The result of an operation that must answer with `status`; null if it does not.
export async function answers(fact, status, call) {
  try {
    const response = await call();
    is(fact, response.status, status);
    return response.result ?? {};
  } catch (error) {
    report(fact, `${error.status ?? ''} ${error.message}\n${error.body ?? error.stack}`);
    return null;
  }
}

// Like `answers`, with the whole response: for its ETag.
export async function responds(fact, status, call) {
  let response = null;
  await answers(fact, status, async () => {
    response = await call();
    return response;
  });
  return response;
}

// The operation is refused with `status`; gives the parsed error body.
export async function refuses(fact, status, call) {
  try {
    const response = await call();
    report(fact, `it succeeded with ${response.status}`);
    return null;
  } catch (error) {
    is(fact, error.status, status);
    try {
      return JSON.parse(error.body);
    } catch {
      return null;
    }
  }
}

export function finish() {
  console.log(`${facts} facts hold, ${failures} do not`);
  process.exitCode = failures === 0 && facts > 0 ? 0 : 1;
}
