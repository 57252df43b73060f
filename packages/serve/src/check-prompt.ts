/** A prompt that cannot be continued is the caller's error, under the code that clients look for. */
import type { LiveGenerator } from "@precipice/model";
import { ApiError } from "./api-error.ts";

export const checkPrompt = (live: LiveGenerator, tokens: number): void => {
  if (tokens === 0) throw new ApiError({ status: 400, message: "The prompt has no tokens", param: "prompt" });
  if (tokens < live.maxTokens) return;
  throw new ApiError({
    status: 400,
    code: "context_length_exceeded",
    message: `The prompt has ${tokens} tokens; with one for the answer there is room for ${live.maxTokens - 1}`,
  });
};
