/** Prompt templates of judges: plain text with `{{prompt}}` and `{{response}}`, from a file beside the pipeline. */
import { resolve } from "node:path";
import { badByte, readFileBytesSync } from "@precipice/files";
import { StageError } from "@precipice/runtime";

/** A template is smaller by far. */
const MOST_BYTES = 16 << 20;

const fail = (code: string, message: string, remedy: string): never => {
  throw new StageError({ code, message, remedy });
};

/** As an editor on any system wrote it: no byte order mark, and line feeds between lines. */
const plain = (bytes: Uint8Array): string => new TextDecoder("utf-8").decode(bytes).replace(/\r\n?/gu, "\n");

/**
 * The file's text, its line ends as line feeds and without a byte order mark: two copies that differ in these alone are one
 * template. Throws `E_JUDGE_TEMPLATE` when it cannot be read or its
 * placeholders are not the two, `E_ENCODING` with the place when it is not UTF-8.
 */
export const readTemplate = (path: string, pipelineDir: string): string => {
  const file = resolve(pipelineDir, path);
  let text = "";
  try {
    const bytes = readFileBytesSync(file, MOST_BYTES);
    const bad = badByte(bytes);
    if (bad !== undefined) fail("E_ENCODING", `${file}:${bad.line}:${bad.column}: ${bad.message}`, "Save it as UTF-8");
    text = plain(bytes);
  } catch (cause) {
    if (cause instanceof StageError) throw cause;
    fail(
      "E_JUDGE_TEMPLATE",
      `${file}: ${cause instanceof Error ? cause.message : String(cause)}`,
      "Give the path of a text file, relative to the pipeline file",
    );
  }
  const names = [...text.matchAll(/\{\{\s*(.*?)\s*\}\}/gu)].map((match) => match[1]);
  const unknown = names.find((name) => name !== "prompt" && name !== "response");
  if (unknown !== undefined) {
    fail("E_JUDGE_TEMPLATE", `${file}: {{${unknown}}} stands for nothing`, "Use {{prompt}} and {{response}}");
  }
  if (!names.includes("response")) {
    fail("E_JUDGE_TEMPLATE", `${file}: the response is nowhere in it`, "Put {{response}} where the judge shall see it");
  }
  return text;
};

/** Fills in both in one pass, so that a placeholder within a response stays text. */
export const fillTemplate = (
  template: string,
  values: { readonly prompt: string; readonly response: string },
): string => template.replace(/\{\{\s*(prompt|response)\s*\}\}/gu, (_, name: "prompt" | "response") => values[name]);
