/** Whether onnxruntime is installed and can compute on a device: tried, not looked up. */
import { execFile } from "node:child_process";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import type { SessionOptions } from "./runtime-session.ts";

export interface DeviceTrial {
  /** Of onnxruntime; `undefined` when it cannot be loaded at all. */
  readonly version: string | undefined;
  /** Why nothing could be computed, in one line; `undefined` when it could. */
  readonly error: string | undefined;
}

/** Longest a device may take to add two numbers. */
const TRIAL_MS = 30_000;

/** Adds two numbers on `device`, in a process of its own. Does not reject. */
export const tryDevice = (device: NonNullable<SessionOptions["device"]>): Promise<DeviceTrial> =>
  new Promise((resolve) => {
    const path = fileURLToPath(new URL(`device-trial-worker${extname(import.meta.url)}`, import.meta.url));
    execFile(process.execPath, [path, device], { timeout: TRIAL_MS }, (failure, stdout, stderr) => {
      try {
        const told = JSON.parse(stdout) as { readonly version: string; readonly error?: string };
        resolve({ version: told.version, error: told.error === undefined ? undefined : oneLine(told.error) });
      } catch {
        const thrown = stderr.split("\n").find((line) => /^\w*Error\b/.test(line));
        resolve({ version: undefined, error: oneLine(thrown ?? failure?.message ?? "it printed nothing") });
      }
    });
  });

const oneLine = (text: string): string => text.replace(/\s+/g, " ").trim();
