/** Reads a pipeline file as text: only UTF-8 of a sensible size, with the place of the first byte that is not. */
import { badByte, FileError, readFileBytes } from "@precipice/files";
import * as Effect from "effect/Effect";
import { PipelineError } from "../errors.ts";
import type { Place } from "./located.ts";
import { maxBytes } from "./yaml.ts";

/** The text of `path`. Errors stand at `at`, the place that names the file, or at the top of `shown` without one. */
export const readSource = Effect.fn("readSource")(function* (path: string, shown: string, at?: Place) {
  const failure = (code: string, message: string, remedy: string, place?: Place) =>
    new PipelineError({ issues: [{ code, message, ...(place ?? { file: shown, line: 1, column: 1 }), remedy }] });
  const bytes = yield* Effect.tryPromise({
    try: () => readFileBytes(path, maxBytes),
    catch: (cause) => {
      const { code, message } = cause as NodeJS.ErrnoException;
      const what = at === undefined ? "there is no such file" : `there is no file ${shown}`;
      if (code === "ENOENT") {
        return failure("E_FILE_MISSING", what, "Check the path; it is relative to the folder you are in.", at);
      }
      if (code === "E_FILE_SIZE") {
        const remedy = "Split the pipeline with import, or use a matrix.";
        return failure("E_YAML_SIZE", `longer than ${maxBytes} bytes`, remedy);
      }
      const why = cause instanceof FileError ? cause.reason.replace(/^it /, "") : `cannot be read: ${message}`;
      return failure("E_FILE_READ", `${shown} ${why}`, "Name a readable YAML or JSON file.", at);
    },
  });
  const bad = badByte(bytes);
  if (bad === undefined) return new TextDecoder("utf-8").decode(bytes);
  return yield* failure("E_ENCODING", bad.message, "Save it as UTF-8.", {
    file: shown,
    line: bad.line,
    column: bad.column,
  });
});
