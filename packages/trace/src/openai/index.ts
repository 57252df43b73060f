/** An OpenAI-compatible server as generation and judges see it. */
export { type AskOptions, type ChatMessage, chat } from "./chat.ts";
export { type ClientOptions, type OpenAiClient, openAiClient, type RequestOptions } from "./client.ts";
export { complete } from "./completions.ts";
export { endOf, type ReplyEnd, unusable } from "./finish.ts";
export type { Reply } from "./reply.ts";
export { defaultRetryPolicy, type RetryPolicy, readRetryAfterMs, retryDelayMs, withRetries } from "./retry.ts";
export { type ServerConfig, serverFields } from "./server-config.ts";
export { asStageFailure, isTransient, ServerError, type ServerErrorCode, serverError } from "./server-error.ts";
