/** Errors on stderr: `file:line:column CODE message`, then what to do about it. */
import { clip, MOST_SAID } from "@precipice/files";
import { ArtifactError, errorCode, errorRemedy, PipelineError, PluginError, RunError } from "@precipice/runtime";
import * as Cause from "effect/Cause";
import * as Option from "effect/Option";
import { type Painter, painterFor, printable } from "./text.ts";

/** A mistake in how a command was called, or a failure already told. */
export class CommandError extends Error {
  readonly code: string;
  readonly remedy: string | undefined;

  constructor(code: string, message: string, remedy?: string) {
    super(message);
    this.code = code;
    this.remedy = remedy;
  }
}

/** Anything a library throws, as a failure of the command: its own code, else `fallback`, and its remedy. */
export const commandErrorOf = (error: unknown, fallback: string): CommandError =>
  error instanceof CommandError
    ? error
    : new CommandError(
        errorCode(error) ?? fallback,
        error instanceof Error ? error.message : String(error),
        errorRemedy(error),
      );

/** Prints why a command failed. Interrupts and what effect/cli has printed already stay silent. */
export function printFailure(cause: Cause.Cause<unknown>): void {
  if (Cause.hasInterruptsOnly(cause)) return;
  const error = Option.getOrUndefined(Cause.findErrorOption(cause)) ?? Cause.squash(cause);
  if (error instanceof PipelineError || error instanceof CommandError || isKnown(error)) {
    process.stderr.write(`${errorLines(error, painterFor(process.stderr)).join("\n")}\n`);
  } else if (!isShown(error)) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    process.stderr.write(`E_DEFECT ${text}\nThis is a bug in precipice.\n`);
  }
}

const isKnown = (error: unknown): error is ArtifactError | PluginError | RunError =>
  error instanceof ArtifactError || error instanceof PluginError || error instanceof RunError;

/** effect/cli shows help and usage errors itself. */
const isShown = (error: unknown): boolean => (error as { _tag?: unknown } | undefined)?._tag === "ShowHelp";

function errorLines(
  error: PipelineError | CommandError | ArtifactError | PluginError | RunError,
  paint: Painter,
): ReadonlyArray<string> {
  if (!(error instanceof PipelineError)) return infoLines(error, paint);
  const more = error.issues.length - listed;
  return [
    ...error.issues
      .slice(0, listed)
      .flatMap(({ file, line, column, code, message, remedy }) => [
        `${paint("bold", printable(`${file}:${line}:${column}`))} ${paint("red", code)} ${said(message)}`,
        ...(remedy === undefined ? [] : [paint("dim", `  ${printable(remedy)}`)]),
      ]),
    ...(more > 0 ? [`and ${more} problem${more === 1 ? "" : "s"} more; --json lists all`] : []),
  ];
}

/** So many problems are told: a matrix has its mistakes thousands of times. */
const listed = 100;

/** A message may repeat what it complains about, and that may be of any length. */
const said = (message: string): string => printable(clip(message, MOST_SAID));

/** `CODE message` with its remedy and, for defects, where it happened. */
export function infoLines(
  error: {
    readonly code: string;
    readonly message: string;
    readonly remedy?: string | undefined;
    readonly stack?: string | ReadonlyArray<string> | undefined;
  },
  paint: Painter,
): ReadonlyArray<string> {
  return [
    `${paint("red", error.code)} ${said(error.message)}`,
    ...(error.remedy === undefined ? [] : [paint("dim", `  ${printable(error.remedy)}`)]),
    ...(Array.isArray(error.stack) ? error.stack.map((frame) => paint("dim", `  ${printable(frame)}`)) : []),
  ];
}
