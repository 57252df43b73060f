/**
 * What a server's `finish_reason` says of a reply. Only the model's own end and the token limit leave a reply that can be used;
 * whatever else is told, or nothing, means that the text may be a part of what the model would have written.
 */
import { type ServerError, serverError } from "./server-error.ts";
import { excerpt } from "./told-error.ts";

/**
 * `stop`: the model ended, or a stop text did. `length`: cut by the limit of tokens. `tool`: a tool was called instead of an
 * answer. `withheld`: a filter took the answer. `cut`: anything else, also a reason that is not known and none at all.
 */
export type ReplyEnd = "stop" | "length" | "tool" | "withheld" | "cut";

/** In lower case, words joined by `_`. */
const REASONS: Readonly<Record<Exclude<ReplyEnd, "cut">, ReadonlySet<string>>> = {
  stop: new Set([
    ...[
      "stop",
      "stopped",
      "stop_sequence",
      "stop_token",
      "stop_word",
      "eos",
      "eos_token",
      "eos_found",
      "end",
      "end_turn",
    ],
    ...["end_of_text", "end_of_turn", "end_of_sequence", "complete", "completed", "finish", "finished", "normal"],
  ]),
  length: new Set([
    ...["length", "max_length", "max_tokens", "max_new_tokens", "max_output_tokens", "max_completion_tokens"],
    ...["model_length", "token_limit", "context_length", "model_context_window_exceeded"],
  ]),
  tool: new Set(["tool_calls", "tool_call", "tool_use", "function_call", "function_calls", "malformed_function_call"]),
  withheld: new Set([
    ...["content_filter", "content_filtered", "content_filter_error", "safety", "sensitive", "refusal", "recitation"],
    ...["blocklist", "prohibited_content", "spii", "image_safety", "guardrail_intervened", "error_toxic", "moderation"],
  ]),
};

/** What servers write for "not ended yet", beside null. */
const NONE: ReadonlySet<string> = new Set(["", "null", "none"]);

/** The reason as a server wrote it, or null where it wrote none. */
export const toldReason = (reason: string | null): string | null =>
  reason === null || NONE.has(reason.trim().toLowerCase()) ? null : reason.trim();

export const endOf = (reason: string | null): ReplyEnd => {
  const told = toldReason(reason);
  if (told === null) return "cut";
  const word = told
    .replace(/([a-z])([A-Z])/gu, "$1_$2")
    .toLowerCase()
    .replace(/[\s-]+/gu, "_")
    .replace(/^finish_reason_/u, "");
  const found = (Object.keys(REASONS) as Array<keyof typeof REASONS>).find((end) => REASONS[end].has(word));
  return found ?? "cut";
};

/** Why a reply that ended so is none, or null where it is one. A tool call and a filter would come again: they are not retried. */
export const unusable = (reason: string | null): ServerError | null => {
  const end = endOf(reason);
  const told = `finish_reason ${excerpt(JSON.stringify(toldReason(reason)), 80)}`;
  if (end === "stop" || end === "length") return null;
  if (end === "withheld") return serverError("E_SERVER_FILTERED", `The server's filter withheld the answer (${told})`);
  if (end === "tool")
    return serverError("E_SERVER_FINISH", `The model called a tool instead of answering (${told})`, { retry: false });
  const why = toldReason(reason) === null ? "without a finish_reason, so it may be cut" : `with ${told}`;
  return serverError("E_SERVER_FINISH", `The server ended the reply ${why}: no normal end, and no limit of tokens`);
};

/** Of all reasons that a reply's pieces told, the one that counts: whatever is not normal, else the last. */
export const decidingReason = (reasons: ReadonlyArray<string | null>): string | null => {
  const told = reasons.map(toldReason).filter((reason) => reason !== null);
  return told.find((reason) => unusable(reason) !== null) ?? told.at(-1) ?? null;
};
