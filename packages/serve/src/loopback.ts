/** Which addresses are this machine's own, and that others are opened on purpose only. */

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[?::1\]?)$/i;

/** Of an address to listen on, without a port. */
export const isLoopback = (host: string): boolean => LOOPBACK.test(host);

/** Of a Host header, with or without a port. */
export const namesLoopback = (header: string): boolean => isLoopback(header.replace(/:\d{1,5}$/, ""));

/** Why a server may not listen there: undefined where it may. */
export const openProblem = (options: {
  readonly host: string;
  readonly apiKey: string | undefined;
  readonly open: boolean;
}): string | undefined =>
  isLoopback(options.host) || options.apiKey !== undefined || options.open
    ? undefined
    : `${options.host === "" ? "an empty address" : options.host} lets other machines in, and no key is asked for`;
