/** The whole comparison of a checkpoint folder with the reference tensors beside it. */
import { forwardRows } from "./forward-rows.ts";
import { generationRows } from "./generation-rows.ts";
import { openGolden } from "./golden.ts";
import type { ParityRow } from "./rows.ts";

export interface Parity {
  readonly pass: boolean;
  readonly rows: ReadonlyArray<ParityRow>;
}

/** Compare with every tensor of `golden.safetensors` that this version computes. Rejects with `CheckpointError`, `SessionError`. */
export const checkParity = async (folder: string): Promise<Parity> => {
  const golden = openGolden(folder);
  const rows = [...(await forwardRows(golden)), ...(await generationRows(golden))];
  return { pass: rows.every((row) => row.pass), rows };
};
