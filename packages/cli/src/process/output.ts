/**
 * What happens when stdout takes no more. A reader that left (`| head`) ends a command with 141, as SIGPIPE would: what it
 * printed is not all there is. A command whose work is worth more than its output goes on without a reader. An output that
 * cannot be written (full disk) is told on stderr and ends with 1; nobody takes half of it for the whole.
 */

/** 128 + SIGPIPE. */
export const brokenPipeCode = 141;

/** The reader is gone: a closed pipe, or a terminal that was hung up. */
const readerLeft = new Set(["EPIPE", "EIO", "ERR_STREAM_DESTROYED", "ECONNRESET"]);

export interface Output {
  /** From here on the work goes on without a reader: a run, a server. */
  readonly goOnWithoutReader: () => void;
}

export interface OutputProcess {
  readonly stdout: NodeJS.EventEmitter;
  readonly stderr: NodeJS.EventEmitter & { readonly write: (text: string) => unknown };
  exitCode?: number | string | null | undefined;
  readonly exit: (code: number) => void;
}

/** Watches the streams of `target`. */
export function watchOutput(target: OutputProcess): Output {
  let goesOn = false;
  let told = false;
  target.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (readerLeft.has(error.code ?? "")) {
      if (!goesOn) target.exit(brokenPipeCode);
      return;
    }
    if (!told) {
      told = true;
      const rest = goesOn ? "The work goes on, what it prints is lost." : "What was printed is not all there is.";
      target.stderr.write(`E_OUTPUT stdout cannot be written: ${error.message}\n  ${rest}\n`);
    }
    if (goesOn) target.exitCode = 1;
    else target.exit(1);
  });
  // Without a listener a message that nobody can read would end the process as a bug of it.
  target.stderr.on("error", () => undefined);
  return {
    goOnWithoutReader: () => {
      goesOn = true;
    },
  };
}

let watched: Output | undefined;

/** Watches the streams of this process. */
export function watchProcessOutput(): void {
  watched ??= watchOutput(process as unknown as OutputProcess);
}

/** For commands whose work is worth more than what they print. */
export const goOnWithoutReader = (): void => watched?.goOnWithoutReader();
