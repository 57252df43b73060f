/**
 * Where reference data lies: the full sets beside the checkout when they are there, else the subset kept in `tests/corpus`.
 */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));

/** Folder of a reference set, say `reference/llama-gqa`. */
export const fixture = (name: string): string => {
  const full = path(`../../../shared/fixtures/${name}`);
  return existsSync(full) ? full : path(`../corpus/${name}`);
};
