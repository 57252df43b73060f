/** What was done to heads, and where, in a sentence from the configs of what ran. */
import type { ReportData } from "./data.ts";
import { list } from "./format.ts";

const scopes: Readonly<Record<string, string>> = {
  all: "everywhere: in the prompt, while the model thinks and while it answers",
  generated: "from the first token that the model writes",
  template: "in the template region only",
  response: "in the response only",
};

/** "The output of the chosen heads is set to zero everywhere …"; without a config, only what every ablation does. */
export const interventionText = (data: Pick<ReportData, "lineage">): string => {
  const told = (data.lineage ?? [])
    .filter(({ stage }) => stage === "heads.ablate")
    .map(({ config }) => {
      const { gamma, scope } = (config ?? {}) as { readonly gamma?: unknown; readonly scope?: unknown };
      const what = typeof gamma === "number" && gamma !== 0 ? `multiplied by ${gamma}` : "set to zero";
      const where = typeof scope === "string" && Object.hasOwn(scopes, scope) ? scopes[scope] : undefined;
      return where === undefined ? what : `${what} ${where}`;
    });
  return `The output of the chosen heads is ${told.length === 0 ? "taken away or scaled" : list([...new Set(told)])}.`;
};
