/** Test support only: folders that vanish with the test, and copies of a checkpoint with some of its files changed. */
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** An empty folder, removed when the running test is over. */
export const tempFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), "precipice-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
};

/** Content of a file: text, bytes, something to write as JSON, or undefined to leave it out. */
export type FileContent = string | Uint8Array | object | undefined;

export const writeFiles = (folder: string, files: Readonly<Record<string, FileContent>>): void => {
  for (const [name, content] of Object.entries(files)) {
    if (content === undefined) rmSync(join(folder, name), { force: true });
    else
      writeFileSync(
        join(folder, name),
        typeof content === "string" || content instanceof Uint8Array ? content : JSON.stringify(content),
      );
  }
};

/** A copy of the folder's own files (not of its folders) with these changed, added or left out. */
export const alteredCopy = (source: string, files: Readonly<Record<string, FileContent>>): string => {
  const folder = tempFolder();
  cpSync(source, folder, {
    recursive: true,
    mode: 0,
    filter: (from) => from === source || !/(golden|train_full|lora|expected)/.test(from),
  });
  writeFiles(folder, files);
  return folder;
};
