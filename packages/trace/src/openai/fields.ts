/** Reads the parts of an answer, whatever type a server gives them; what cannot be taken is told by the name of its field. */
import { excerpt, isRecord } from "./told-error.ts";

/** A field of an answer that cannot be read. */
export class FieldError extends Error {}

/** A value as its JSON, or in a word where it nests too deep to be written. */
const written = (value: unknown): string => {
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return "nested too deep";
  }
};

const wrong = (place: string, value: unknown, expected: string): never => {
  throw new FieldError(`${place} is ${excerpt(written(value), 60)}, expected ${expected}`);
};

/** A text, or null where there is none. */
export const textAt = (value: unknown, place: string): string | null => {
  if (value === null || value === undefined) return null;
  return typeof value === "string" ? value : wrong(place, value, "text");
};

/** A count of tokens: also as text, or as a number with a fraction of nothing. */
export const countAt = (value: unknown, place: string): number | null => {
  if (value === null || value === undefined) return null;
  const text = typeof value === "string" ? value.trim() : value;
  const count = typeof text === "number" ? text : typeof text === "string" && text !== "" ? Number(text) : Number.NaN;
  return Number.isSafeInteger(count) && count >= 0 ? count : wrong(place, value, "a count of tokens");
};

export const idsAt = (value: unknown, place: string): readonly number[] | null => {
  if (value === null || value === undefined) return null;
  if (!Array.isArray(value)) return wrong(place, value, "a list of token ids");
  const odd = value.findIndex((id) => !Number.isInteger(id));
  return odd < 0 ? value : wrong(`${place}[${odd}]`, value[odd], "a token id");
};

export interface Usage {
  readonly prompt: number | null;
  readonly completion: number | null;
}

export const usageAt = (value: unknown, place: string): Usage | null => {
  if (value === null || value === undefined) return null;
  if (!isRecord(value)) return wrong(place, value, "an object");
  const count = (...names: readonly string[]) => {
    const name = names.find((one) => value[one] !== undefined && value[one] !== null);
    return name === undefined ? null : countAt(value[name], `${place}.${name}`);
  };
  return {
    prompt: count("prompt_tokens", "input_tokens"),
    completion: count("completion_tokens", "output_tokens"),
  };
};

/** What a message says, answer and thinking apart; null where there is none. */
export interface Said {
  readonly text: string | null;
  readonly thinking: string | null;
}

const joinedOrNull = (texts: ReadonlyArray<string | null>): string | null => {
  const some = texts.filter((text) => text !== null);
  return some.length === 0 ? null : some.join("");
};

const TEXT_PARTS: ReadonlySet<unknown> = new Set(["text", "output_text", "input_text", "refusal"]);
const THINKING_PARTS: ReadonlySet<unknown> = new Set([
  "thinking",
  "reasoning",
  "reasoning_text",
  "summary_text",
  "thought",
]);
/** Parts that hold no text one may read. */
const SILENT_PARTS: ReadonlySet<unknown> = new Set(["redacted_thinking", "encrypted_reasoning"]);

/** Content as text, or as a list of parts: `{ type: "text", text }`, `{ type: "thinking", thinking }`. */
export const saidAt = (value: unknown, place: string): Said => {
  if (value === null || value === undefined) return { text: null, thinking: null };
  if (typeof value === "string") return { text: value, thinking: null };
  const list = Array.isArray(value)
    ? value
    : isRecord(value)
      ? [value]
      : wrong(place, value, "text or a list of parts");
  const parts = list.map((part, i) => partAt(part, Array.isArray(value) ? `${place}[${i}]` : place));
  return {
    text: joinedOrNull(parts.map(({ text }) => text)),
    thinking: joinedOrNull(parts.map(({ thinking }) => thinking)),
  };
};

const partAt = (part: unknown, place: string): Said => {
  if (typeof part === "string") return { text: part, thinking: null };
  if (!isRecord(part)) return wrong(place, part, "text or a part with a type");
  const { type = "text" } = part;
  if (SILENT_PARTS.has(type)) return { text: null, thinking: null };
  if (THINKING_PARTS.has(type)) {
    const name = ["thinking", "reasoning", "text", "summary", "content"].find((one) => (part[one] ?? null) !== null);
    return { text: null, thinking: name === undefined ? null : thinkingAt(part[name], `${place}.${name}`) };
  }
  if (!TEXT_PARTS.has(type)) return wrong(`${place}.type`, type, "text or thinking");
  const name = type === "refusal" ? "refusal" : "text";
  const text = isRecord(part[name]) ? part[name]["value"] : part[name];
  return { text: textAt(text, `${place}.${name}`), thinking: null };
};

/** Thinking, in a field of its own: text, or parts of any kind. */
export const thinkingAt = (value: unknown, place: string): string | null => {
  const { text, thinking } = saidAt(value, place);
  return joinedOrNull([thinking, text]);
};
