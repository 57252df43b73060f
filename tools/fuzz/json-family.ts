/** Families of one JSON text: half of their inputs have other values, half other bytes. */
import type { Random } from "@precipice/stats";
import { bytesOf, mutateBytes, mutateJson, pick } from "./mutate.ts";

export const madeOfJson =
  (seeds: ReadonlyArray<object>) =>
  (draw: Random): Uint8Array => {
    const seed = pick(draw, seeds);
    return draw.int(2) === 0
      ? bytesOf(JSON.stringify(mutateJson(draw, seed)))
      : mutateBytes(draw, bytesOf(JSON.stringify(seed)));
  };
