/** An OpenAI-compatible server over checkpoints: chat, completions, streaming, interventions and adapters by request. */
export { ApiError } from "./api-error.ts";
export type { ServerLimits } from "./limits.ts";
export { openProblem } from "./loopback.ts";
export type { RuleModel } from "./rule-model.ts";
export { type HeadFactor, openServedModel, type ServedModel, type ServeModel } from "./served-model.ts";
export { type RequestInfo, type RunningServer, type ServerOptions, startServer } from "./server.ts";
