/**
 * Keeps below what a server allows in a minute, by spreading: each request reserves its share of time, so that none has to be
 * refused first. What an answer takes is estimated before and settled after.
 */
export interface RateLimits {
  readonly requestsPerMinute?: number | undefined;
  readonly tokensPerMinute?: number | undefined;
}

const MINUTE_MS = 60_000;

export class RateLimiter {
  readonly #requestMs: number;
  readonly #tokenMs: number;
  /** When the next request may begin. */
  #free = { requests: 0, tokens: 0 };

  constructor({ requestsPerMinute, tokensPerMinute }: RateLimits) {
    this.#requestMs = requestsPerMinute === undefined ? 0 : MINUTE_MS / requestsPerMinute;
    this.#tokenMs = tokensPerMinute === undefined ? 0 : MINUTE_MS / tokensPerMinute;
  }

  /** Milliseconds to wait before a request of about so many tokens. */
  reserve(tokens: number, nowMs: number): number {
    const start = Math.max(nowMs, this.#free.requests, this.#free.tokens);
    this.#free = { requests: start + this.#requestMs, tokens: start + tokens * this.#tokenMs };
    return start - nowMs;
  }

  /** It took another number of tokens than was reserved. */
  settle(reserved: number, used: number): void {
    this.#free.tokens += (used - reserved) * this.#tokenMs;
  }
}
