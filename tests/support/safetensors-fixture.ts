/**
 * Test support only: reads the small F32 and I32 fixtures under `tests/corpus/` whole into
 * memory. It checks nothing; checkpoints are read by `@precipice/model`.
 */
import { readFileSync } from "node:fs";

export interface FixtureTensor {
  readonly shape: readonly number[];
  readonly data: Float32Array | Int32Array;
}

/** All tensors of a safetensors file by name. */
export const readSafetensorsFixture = (path: string | URL): ReadonlyMap<string, FixtureTensor> => {
  const bytes = readFileSync(path);
  const headerEnd = 8 + Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.toString("utf8", 8, headerEnd)) as Record<
    string,
    { dtype: "F32" | "I32"; shape: number[]; data_offsets: [number, number] }
  >;
  const tensors = new Map<string, FixtureTensor>();
  for (const [name, entry] of Object.entries(header)) {
    if (name === "__metadata__") continue;
    const [start, end] = entry.data_offsets;
    const copy = new Uint8Array(bytes.subarray(headerEnd + start, headerEnd + end)).buffer; // aligned
    tensors.set(name, {
      shape: entry.shape,
      data: entry.dtype === "F32" ? new Float32Array(copy) : new Int32Array(copy),
    });
  }
  return tensors;
};
