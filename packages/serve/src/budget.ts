/** What all requests together may hold: rows, tokens of prompts, bytes of bodies. Who comes when it is full comes again later. */
import { ApiError } from "./api-error.ts";

const RETRY_AFTER_SECONDS = 1;

export interface BudgetFields {
  readonly most: number;
  /** What it counts, say "rows are waiting or being written". */
  readonly what: string;
  readonly code: string;
}

export class Budget {
  readonly #fields: BudgetFields;
  #used = 0;

  constructor(fields: BudgetFields) {
    this.#fields = fields;
  }

  get used(): number {
    return this.#used;
  }

  /** Takes so much; the answer gives it back, once. Throws a 429 where there is no room. */
  take(amount: number): () => void {
    const { most, what, code } = this.#fields;
    if (this.#used + amount > most)
      throw new ApiError({
        status: 429,
        code,
        message: `${this.#used} ${what}, and ${most} may; this would be ${amount} more`,
        headers: { "retry-after": `${RETRY_AFTER_SECONDS}` },
      });
    this.#used += amount;
    let given = false;
    return () => {
      if (!given) this.#used -= amount;
      given = true;
    };
  }
}
