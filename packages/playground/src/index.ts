/** The organism in a web page: prompts, refusal scores and heads to switch off, as a folder of static files. */
export { type BuildOptions, type Built, buildPlayground } from "./build.ts";
export type { PageData } from "./page-data.ts";
export { type Served, type ServeOptions, servePage } from "./serve.ts";
