/**
 * Redirects of a POST, followed by hand: `fetch` would make a GET of some, and would send the text anywhere. Prompts and
 * key are for the origin that the user named (scheme, host and port) and never leave it.
 */
import { type ServerError, serverError } from "./server-error.ts";

export const MAX_REDIRECTS = 5;

/** A POST stays a POST; 303 asks for a GET, which is no answer to it. */
const FOLLOWED: ReadonlySet<number> = new Set([301, 302, 307, 308]);

export const isRedirect = (status: number): boolean => FOLLOWED.has(status) || status === 303;

const refused = (message: string, status: number): ServerError =>
  serverError("E_SERVER_REQUEST", `${message}; put the address that answers into url`, { status });

/** Where the next request goes, or why none does. */
export const redirectTarget = (
  from: string,
  status: number,
  location: string | undefined,
  hops: number,
): URL | ServerError => {
  const to = location !== undefined && URL.canParse(location, from) ? new URL(location, from) : undefined;
  if (to === undefined) return refused(`${from} answered ${status} without saying where to`, status);
  const told = `${from} redirects (${status}) to ${to.origin}`;
  if (!FOLLOWED.has(status)) return refused(`${told} for a GET, which is no answer to a request`, status);
  if (hops >= MAX_REDIRECTS) return refused(`${from} redirects more than ${MAX_REDIRECTS} times`, status);
  if (to.protocol !== "https:" && to.protocol !== new URL(from).protocol)
    return refused(`${told}, which is no ${new URL(from).protocol}// address`, status);
  if (to.origin !== new URL(from).origin)
    return refused(`${told}, another server, which gets neither the prompts nor a key`, status);
  return to;
};
