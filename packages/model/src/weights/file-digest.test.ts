import { createHash } from "node:crypto";
import { cpSync, mkdirSync, readdirSync, statSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { tempFolder } from "../../../../tests/support/checkpoint-folder.ts";
import { fileDigest } from "./file-digest.ts";

let folder: string;
beforeEach(() => {
  folder = tempFolder();
  vi.stubEnv("PRECIPICE_CACHE", join(folder, "cache"));
});
afterEach(() => void vi.unstubAllEnvs());

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
const remembered = () => readdirSync(join(folder, "cache", "file-digests"));
const large = { rememberFrom: 4, settledMs: 0 };
const write = (name: string, text: string): string => {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
};

it("is the sha256 of the bytes, remembered for large files that were left alone", async () => {
  const file = write("a", "weights");
  expect(await fileDigest(file)).toBe(sha256("weights"));
  expect(await fileDigest(file, { rememberFrom: 4, settledMs: 3_600_000 })).toBe(sha256("weights"));
  expect(() => remembered()).toThrow(/ENOENT/);
  expect(await fileDigest(file, large)).toBe(sha256("weights"));
  const [name] = remembered();
  // what is remembered is not read again
  writeFileSync(join(folder, "cache", "file-digests", name as string), sha256("other"));
  expect(await fileDigest(file, large)).toBe(sha256("other"));
});

it("sees other bytes of the same size and modification time", async () => {
  const file = write("a", "weights");
  const { atime, mtime } = statSync(file);
  utimesSync(file, atime, mtime);
  expect(await fileDigest(file, large)).toBe(sha256("weights"));
  // a change time moves on by the tick of the file system's clock
  const before = statSync(file, { bigint: true }).ctimeNs;
  do {
    writeFileSync(file, "Weights");
    utimesSync(file, atime, mtime);
  } while (statSync(file, { bigint: true }).ctimeNs === before);
  expect(statSync(file).mtimeMs).toBe(mtime.getTime());
  expect(await fileDigest(file, large)).toBe(sha256("Weights"));
});

it("follows links, and knows copies by their bytes", async () => {
  const file = write("a", "weights");
  mkdirSync(join(folder, "b"));
  cpSync(file, join(folder, "b", "copy"));
  symlinkSync(file, join(folder, "b", "link"));
  for (const name of ["copy", "link"]) expect(await fileDigest(join(folder, "b", name), large)).toBe(sha256("weights"));
});

it("works without a cache that can be written", async () => {
  const file = write("a", "weights");
  vi.stubEnv("PRECIPICE_CACHE", file);
  expect(await fileDigest(file, large)).toBe(sha256("weights"));
});
