/**
 * `fetch` towards a hub: the token goes to the hub's own origin only, a limit or a hiccup is waited out, and an answer that is
 * no success becomes a `HubError`. @huggingface/hub gets it as its `fetch`: on its own it does not retry, knows no time limit,
 * tells a gated repository from a missing one by text only, and refuses tokens that do not begin with "hf_".
 */
import { HubError } from "./errors.ts";
import type { HubSettings } from "./settings.ts";

export interface HubConnection {
  readonly settings: HubSettings;
  readonly signal?: AbortSignal | undefined;
  /** Told when something is waited for: a rate limit, a retry, another process. */
  readonly onNotice?: ((message: string) => void) | undefined;
}

/** Tries without any success in between before a transfer is given up. */
export const TRIES = 5;
/** Tries to reach a server at all: a machine without a network should not wait long for what it has in its cache. */
const CONNECTIONS = 3;
/** A silence that is longer than this is explained. */
const NOTICE_MS = 1000;
/** A hub's limits are counted over five minutes: nothing worth waiting for takes longer. */
const LONGEST_WAIT_MS = 300_000;

/** A `fetch` for requests about `what`. Bodies are streamed; small ones that are read at once go through `hubJsonFetch`. */
export const hubFetch = async (
  connection: HubConnection,
  what: string,
  url: string,
  init: RequestInit = {},
): Promise<Response> => {
  const { settings, signal, onNotice } = connection;
  if (settings.offline) {
    throw new HubError({
      code: "E_HUB_OFFLINE",
      what,
      problem: "is not in the cache, and HF_HUB_OFFLINE is set",
      remedy: `Unset HF_HUB_OFFLINE once to download it into ${settings.cacheDir}, or name a revision that is there`,
    });
  }
  const headers = new Headers(init.headers);
  // fetch itself drops the header where a redirect leaves the origin
  if (settings.token !== undefined && new URL(url).origin === new URL(settings.endpoint).origin)
    headers.set("authorization", `Bearer ${settings.token}`);
  for (let attempt = 1; ; attempt++) {
    signal?.throwIfAborted();
    const slow = setTimeout(() => onNotice?.(`${what}: waiting for ${new URL(url).origin} to answer`), NOTICE_MS);
    const outcome = await answerOf(url, { ...init, headers }, settings.stallMs, signal);
    clearTimeout(slow);
    if (outcome instanceof Response && outcome.ok) return outcome;
    signal?.throwIfAborted();
    const error =
      outcome instanceof Response ? await errorOf(outcome, what, settings) : unreachable(what, url, outcome);
    const status = outcome instanceof Response ? outcome.status : 0;
    const again = status === 0 || status === 429 || status === 408 || status >= 500;
    const wait = outcome instanceof Response ? retryAfterMs(outcome) : undefined;
    if (!again || attempt === (status === 0 ? CONNECTIONS : TRIES) || (wait ?? 0) > LONGEST_WAIT_MS) throw error;
    const waitMs = wait ?? settings.retryMs * 2 ** (attempt - 1);
    onNotice?.(`${error.message}; trying again in ${Math.ceil(waitMs / 1000)} s`);
    await pause(waitMs, signal);
  }
};

/** What a hub tells of a repository: a tree of ten thousand files, a page at a time, is far from it. */
const MAX_JSON_BYTES = 64 * 2 ** 20;

/** The same as the `fetch` that @huggingface/hub's calls take; a body that stalls or has no end counts as a failed try. */
export const hubJsonFetch =
  (connection: HubConnection, what: string): typeof fetch =>
  async (input, init) => {
    const response = await hubFetch(connection, what, String(input), init);
    try {
      const body = await boundedText(response, connection.settings.stallMs);
      JSON.parse(body);
      return new Response(body, { status: response.status, headers: response.headers });
    } catch (cause) {
      throw new HubError({
        code: "E_HUB_NETWORK",
        what,
        problem: `${connection.settings.endpoint} gave no usable answer: ${(cause as Error).message}`,
        remedy: "Check HF_ENDPOINT and any proxy in between, then run again",
        cause,
      });
    }
  };

/** The body, unless it takes longer than `limitMs` or has more than `MAX_JSON_BYTES`. */
const boundedText = async (response: Response, limitMs: number): Promise<string> => {
  const reader = response.body?.getReader();
  if (reader === undefined) return "";
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    void reader.cancel().catch(() => {});
  }, limitMs);
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (late) throw new Error("no answer in time");
      if (done) return text + decoder.decode();
      bytes += value.length;
      if (bytes > MAX_JSON_BYTES) throw new Error(`more than ${MAX_JSON_BYTES / 2 ** 20} MiB`);
      text += decoder.decode(value, { stream: true });
    }
  } finally {
    clearTimeout(timer);
    void reader.cancel().catch(() => {});
  }
};

/** Waits, or rejects with the signal's reason. */
export const pause = (ms: number, signal: AbortSignal | undefined): Promise<void> =>
  new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, ms);
    signal?.addEventListener("abort", stop, { once: true });
  });

/** The answer, or the error where none came before `limitMs`. The limit is for the head only. */
const answerOf = async (
  url: string,
  init: RequestInit,
  limitMs: number,
  signal: AbortSignal | undefined,
): Promise<Response | Error> => {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(new Error(`no answer in ${limitMs / 1000} s`)), limitMs);
  const signals = [late.signal, ...(signal ? [signal] : []), ...(init.signal ? [init.signal] : [])];
  try {
    return await fetch(url, { ...init, signal: AbortSignal.any(signals) });
  } catch (error) {
    return error as Error;
  } finally {
    clearTimeout(timer);
  }
};

const unreachable = (what: string, url: string, cause: Error): HubError => {
  const reason = cause.cause instanceof Error ? cause.cause.message || String(cause.cause) : cause.message;
  return new HubError({
    code: "E_HUB_NETWORK",
    what,
    problem: `${new URL(url).origin} cannot be reached: ${reason}`,
    remedy:
      "Check the network and HF_ENDPOINT (behind a proxy, set NODE_USE_ENV_PROXY=1 beside HTTPS_PROXY); with HF_HUB_OFFLINE=1 only the cache is used",
    cause,
  });
};

/** What `Retry-After` asks for: seconds or a date. */
const retryAfterMs = (response: Response): number | undefined => {
  const value = response.headers.get("retry-after");
  if (value === null) return undefined;
  const ms = /^\d+$/.test(value.trim()) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return Number.isFinite(ms) ? Math.max(0, ms) : undefined;
};

/** The hub says what is wrong in `X-Error-Code`; a repository one may not see is reported like one that is not there. */
const errorOf = async (response: Response, what: string, settings: HubSettings): Promise<HubError> => {
  const { status } = response;
  const code = response.headers.get("x-error-code") ?? "";
  const told = (response.headers.get("x-error-message") ?? "").replaceAll(settings.token || "\0", "***");
  const said = told.length > 300 ? `${told.slice(0, 300)}…` : told;
  await response.body?.cancel();
  const page = `${settings.endpoint}/${/^hf:\/\/([^@ ]*)/.exec(what)?.[1] ?? ""}`;
  const login = "set HF_TOKEN to a token that may read it, or run `hf auth login`";
  const make = (kind: HubError["code"], problem: string, remedy: string) =>
    new HubError({ code: kind, what, problem: said === "" ? problem : `${problem} (${said})`, remedy });
  if (code === "GatedRepo")
    return make(
      "E_HUB_GATED",
      "is gated: its owner asks for terms to be accepted first",
      `Accept the terms at ${page}, then ${settings.token === undefined ? login : "run again: HF_TOKEN must be of the account that accepted"}`,
    );
  if (code === "RevisionNotFound")
    return make("E_HUB_REVISION", "has no such revision", `Choose a branch, tag or commit from ${page}/commits/main`);
  if (code === "EntryNotFound")
    return make("E_HUB_FILE", "is not in the repository", `See its files at ${page}/tree/main`);
  if (code === "RepoNotFound" || (status === 404 && code === ""))
    return make("E_HUB_REPO", "does not exist, or is private", `Check the name; if it is private, ${login}`);
  if (status === 401)
    return settings.token === undefined
      ? make("E_HUB_TOKEN", "does not exist, or needs a token", `Check the name; if it is private, ${login}`)
      : make(
          "E_HUB_TOKEN",
          "is not given to this token: the hub does not know it",
          "Renew HF_TOKEN (or the token file)",
        );
  if (status === 403)
    return make("E_HUB_FORBIDDEN", "may not be read with this token", `Give the token read access, or ${login}`);
  if (status === 429) {
    const wait = retryAfterMs(response);
    return make(
      "E_HUB_RATE_LIMIT",
      `the hub's rate limit is reached${wait === undefined ? "" : `, for another ${Math.ceil(wait / 1000)} s`}`,
      `Run again later; what has arrived is kept${settings.token === undefined ? ". With HF_TOKEN the limits are higher" : ""}`,
    );
  }
  return make(
    "E_HUB_STATUS",
    `the hub answered ${status} ${response.statusText}`.trim(),
    "Run again later; what has arrived is kept",
  );
};
