/** What `plugins:` loads: the stages of this package. The plain function is there for who has no pipeline. */
import type { Stage } from "@precipice/runtime";
import { thinkingProfile } from "./stage.ts";

export { type ProfileRow, profileOf } from "./profile.ts";
export { Profile, thinkingProfile } from "./stage.ts";

export const stages: ReadonlyArray<Stage.AnyStage> = [thinkingProfile];
