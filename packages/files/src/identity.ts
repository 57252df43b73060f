/** Whether a file is still the one that was looked at, without reading it. */
import type { BigIntStats } from "node:fs";

/**
 * Device, inode, size, modification and change time in nanoseconds: as long as they stay, nobody wrote to the file. A change time
 * cannot be set back as a modification time can.
 */
export const fileIdentity = ({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string =>
  [dev, ino, size, mtimeNs, ctimeNs].join(":");

/** When a file was last written to, renamed or given other times, in ms. */
export const lastChangeMs = ({ mtimeNs, ctimeNs }: BigIntStats): number =>
  Math.max(Number(mtimeNs), Number(ctimeNs)) / 1e6;

/** Clocks of file systems are coarse: what changed less than this before may change again under the same times. */
export const SETTLED_MS = 3000;
