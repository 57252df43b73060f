/**
 * Who may ask. The server listens on the loopback alone, but a browser is on the loopback too, and shows pages of strangers:
 * a name of theirs that resolves to 127.0.0.1 (DNS rebinding) is refused by its Host header, what their pages load from here
 * by what the browser says of the request.
 */
import type { IncomingMessage } from "node:http";

export interface Refusal {
  readonly status: number;
  readonly message: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Any port: a tunnel (`ssh -L`) may lead here from another one. */
const loopbackHost = /^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d{1,5})?$/i;
const loopbackOrigin = /^https?:\/\/(?:localhost|127\.0\.0\.1|\[::1\])(?::\d{1,5})?$/i;

/** `undefined` for a request that may be answered. */
export function refusalOf({ method, headers }: Pick<IncomingMessage, "method" | "headers">): Refusal | undefined {
  if (method !== "GET" && method !== "HEAD") {
    return { status: 405, message: "Only GET: nothing can be changed from here.", headers: { allow: "GET, HEAD" } };
  }
  if (!loopbackHost.test(headers.host ?? "")) {
    return { status: 421, message: "Ask for localhost or 127.0.0.1: this server answers to no other name." };
  }
  const { origin } = headers;
  const foreign = origin !== undefined && !loopbackOrigin.test(origin);
  const embedded = headers["sec-fetch-site"] === "cross-site" && headers["sec-fetch-mode"] !== "navigate";
  return foreign || embedded
    ? { status: 403, message: "Pages of other sites may not load anything from here." }
    : undefined;
}
