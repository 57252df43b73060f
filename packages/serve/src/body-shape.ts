/** How large a body's lists may be: looked at before it is decoded, which takes far longer than to read it. */
import { ApiError } from "./api-error.ts";

export interface BodyLimits {
  /** Most rows that one request may ask for: prompts times `n`. */
  readonly rows: number;
  /** Longest sequence of any model that is served, prompt included. */
  readonly maxTokens: number;
}

/** Values in a body beside its prompt. A direction of the widest models and a conversation of thousands of turns have room. */
const MOST_VALUES = 50_000;
const DEEPEST = 32;

/** Throws a 400 that names the limit. What is no list or object here is left to the schema. */
export const checkShape = (json: unknown, { rows, maxTokens }: BodyLimits): void => {
  if (json === null || typeof json !== "object" || Array.isArray(json))
    throw new ApiError({ status: 400, message: "The body is no JSON object" });
  const { prompt, n, ...rest } = json as { readonly prompt?: unknown; readonly n?: unknown };
  checkCount(rest);
  let prompts = 1;
  if (Array.isArray(prompt)) {
    const ofIds = typeof prompt[0] === "number";
    prompts = ofIds ? 1 : prompt.length;
    if (ofIds) checkLength(prompt, maxTokens);
    else if (prompts <= rows) for (const one of prompt) if (Array.isArray(one)) checkLength(one, maxTokens);
    // what is in none of these shapes the schema refuses, once it is known to be small
    if (ofIds && !isPrompt(prompt)) checkCount(prompt);
    if (prompts <= rows && !ofIds) for (const one of prompt) if (!isPrompt(one)) checkCount(one);
  } else checkCount(prompt);
  const copies = typeof n === "number" && Number.isFinite(n) && n >= 1 ? n : 1;
  if (prompts * copies <= rows) return;
  throw new ApiError({
    status: 400,
    param: prompts > 1 ? "prompt" : "n",
    code: "too_many_rows",
    message: `The request asks for ${prompts * copies} rows (prompts times n), and one request may ask for ${rows}; send it in parts`,
  });
};

const isPrompt = (one: unknown): boolean =>
  typeof one === "string" || (Array.isArray(one) && one.every((id) => typeof id === "number"));

const checkLength = (ids: ReadonlyArray<unknown>, maxTokens: number): void => {
  if (ids.length < maxTokens) return;
  throw new ApiError({
    status: 400,
    param: "prompt",
    code: "context_length_exceeded",
    message: `The prompt has ${ids.length} tokens; with one for the answer there is room for ${maxTokens - 1}`,
  });
};

/** No recursion: a body may be as deep as it is long. */
const checkCount = (root: unknown): void => {
  let values = 0;
  let level: unknown[] = [root];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > DEEPEST) throw new ApiError({ status: 400, message: `The body is deeper than ${DEEPEST} levels` });
    const next: unknown[] = [];
    for (const value of level) {
      if (value === null || typeof value !== "object") continue;
      const parts = Array.isArray(value) ? value : Object.values(value);
      values += parts.length;
      if (values > MOST_VALUES)
        throw new ApiError({ status: 400, message: `The body has more than ${MOST_VALUES} values beside its prompt` });
      for (const part of parts) if (part !== null && typeof part === "object") next.push(part);
    }
    level = next;
  }
};
