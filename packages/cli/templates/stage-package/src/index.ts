/** What `plugins:` of a pipeline file loads: every stage of this package. */
import type { Stage } from "@precipice/runtime";
import { templateWords } from "./template-words.ts";

export { TemplateWords, templateWords } from "./template-words.ts";

export const stages: ReadonlyArray<Stage.AnyStage> = [templateWords];
