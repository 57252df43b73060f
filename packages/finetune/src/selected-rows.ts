/** The rows a repair trains on: what is selected and has a response to learn, after a look at what those responses teach. */
import type { Prompt, Trace } from "@precipice/artifacts";
import { checkReferences, type ReferenceCheck, referenceText } from "@precipice/judge";
import type { Checkpoint } from "@precipice/model";
import { StageError } from "@precipice/runtime";
import { type Region, type RepairRow, repairRow } from "./training-rows.ts";

export interface SelectedRow {
  readonly trace: Trace;
  readonly row: RepairRow;
}

export interface SelectedRows {
  /** Not empty. */
  readonly rows: ReadonlyArray<SelectedRow>;
  readonly references: ReferenceCheck;
  /** What the user is to know of them, one line each. */
  readonly notes: ReadonlyArray<string>;
}

export interface SelectedOptions {
  /** Ids of the traces that were selected. */
  readonly chosen: ReadonlySet<string>;
  readonly loss: ReadonlyArray<Region>;
  readonly acceptCompliance: boolean;
}

/** A row is harmful where its trace or its prompt says so. Throws a StageError E_SELECTION_EMPTY or E_COMPLIANCE. */
export const selectedRows = (
  checkpoint: Checkpoint,
  traces: ReadonlyArray<Trace>,
  prompts: ReadonlyMap<string, Prompt>,
  { chosen, loss, acceptCompliance }: SelectedOptions,
): SelectedRows => {
  const own = traces.filter((trace) => chosen.has(trace.id));
  const rows = own.flatMap((trace) => {
    const row = repairRow(checkpoint, trace, prompts.get(trace.prompt_id), loss);
    return row === undefined ? [] : [{ trace, row }];
  });
  const unclosed = own.filter(({ state }) => state === "unclosed").length;
  if (rows.length === 0) {
    throw new StageError({
      code: "E_SELECTION_EMPTY",
      message: `none of the ${chosen.size} selected rows has both a closed thinking and a reference response: ${unclosed} never closed the thinking, the others have no reference, or a blank one, which is none`,
      remedy: "Give the pool's prompts a reference, or raise maxNewTokens",
    });
  }
  const references = checkReferences(
    rows.map(({ trace }) => {
      const prompt = prompts.get(trace.prompt_id);
      return {
        id: trace.id,
        label: trace.label === "harmful" || prompt?.label === "harmful" ? "harmful" : "harmless",
        prompt: trace.prompt,
        reference: referenceText(prompt?.reference) ?? "",
      };
    }),
    { acceptCompliance },
  );
  const left = chosen.size - rows.length;
  return {
    rows,
    references,
    notes: [
      ...(left === 0
        ? []
        : [
            `${left} of ${chosen.size} selected rows left out: ${unclosed} never closed the thinking, the others have no reference response (a blank one is none)`,
          ]),
      ...(references.note === undefined ? [] : [references.note]),
    ],
  };
};
