import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { readFloats, readHeader } from "@precipice/model";
import type { Family } from "./family.ts";
import { bytesOf, mutateBytes, mutateJson } from "./mutate.ts";

const header = {
  __metadata__: { format: "pt" },
  a: { dtype: "F32", shape: [2, 2], data_offsets: [0, 16] },
  b: { dtype: "BF16", shape: [3], data_offsets: [16, 22] },
  c: { dtype: "I64", shape: [], data_offsets: [22, 30] },
};

function file(json: string): Uint8Array {
  const text = bytesOf(json);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([length, text, Buffer.alloc(30, 1)]);
}

export const safetensors: Family = {
  name: "safetensors",
  make: (draw) =>
    draw.int(2) === 0
      ? file(JSON.stringify(mutateJson(draw, header)))
      : mutateBytes(draw, file(JSON.stringify(header))),
  run: async (input, folder) => {
    const path = join(folder, "model.safetensors");
    writeFileSync(path, input);
    for (const entry of readHeader(path).values()) if (/^(F32|F16|BF16)$/u.test(entry.dtype)) readFloats(entry);
  },
};
