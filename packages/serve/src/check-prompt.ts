/** A prompt that cannot be continued is the caller's error, under the code that clients look for. */
import type { LiveGenerator } from "@precipice/model";
import { ApiError } from "./api-error.ts";

export const checkPrompt = (live: LiveGenerator, ids: ReadonlyArray<number>): void => {
  if (ids.length === 0) throw new ApiError({ status: 400, message: "The prompt has no tokens", param: "prompt" });
  if (ids.length < live.maxTokens) return;
  throw new ApiError({
    status: 400,
    code: "context_length_exceeded",
    message: `The prompt has ${ids.length} tokens; with one for the answer there is room for ${live.maxTokens - 1}`,
  });
};
