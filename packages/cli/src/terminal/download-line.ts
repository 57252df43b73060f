/** Progress of a download outside a run, on stderr: one line redrawn on a terminal, a line now and then elsewhere. */
import type { HubOptions } from "@precipice/model";
import { Progress } from "./progress.ts";
import { cut, printable } from "./text.ts";

const FRAME_MS = 100;
const LINE_MS = 10_000;

export interface DownloadLine extends Required<Pick<HubOptions, "onProgress" | "onNotice">> {
  /** Ends the line. */
  readonly close: () => void;
}

export const downloadLine = (stream: NodeJS.WriteStream = process.stderr): DownloadLine => {
  const isTerminal = stream.isTTY === true && process.env["TERM"] !== "dumb";
  const progress = new Progress("download", performance.now(), null);
  let shownMs = Number.NEGATIVE_INFINITY;
  let open = false;
  const close = () => {
    if (open) stream.write("\n");
    open = false;
  };
  return {
    close,
    onNotice: (message) => {
      close();
      stream.write(`${printable(message)}\n`);
    },
    onProgress: (done, total, detail) => {
      const nowMs = performance.now();
      progress.update({ done, total, unit: "bytes", detail }, nowMs);
      if (nowMs - shownMs < (isTerminal ? FRAME_MS : LINE_MS) && done < total) return;
      shownMs = nowMs;
      const text = progress.text(nowMs);
      if (!isTerminal) stream.write(`${text}\n`);
      else {
        stream.write(`\r\u001b[K${cut(text, (stream.columns || 80) - 1)}`);
        open = true;
      }
    },
  };
};
