/**
 * One look at a checkpoint: what was opened and hashed is used again while none of its files has changed. A plan of thousands of
 * nodes asks for the same one again and again.
 */
import { readdirSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileIdentity, lastChangeMs, SETTLED_MS } from "@precipice/files";
import { Checkpoint } from "./checkpoint.ts";

interface Known {
  readonly identity: string;
  readonly checkpoint: Checkpoint;
  digest: Promise<string> | undefined;
}

const known = new Map<string, Known>();

/** So many are kept: a matrix over checkpoints looks at each of them in turn. */
const most = 64;

/** Identities of all files, links followed; undefined while a change is recent. */
const identityOf = (folder: string): string | undefined => {
  const parts: Array<string> = [];
  let changedMs = 0;
  for (const name of readdirSync(folder).sort()) {
    const found = statSync(join(folder, name), { bigint: true, throwIfNoEntry: false });
    if (found === undefined || !found.isFile()) continue;
    changedMs = Math.max(changedMs, lastChangeMs(found));
    parts.push(`${name}:${fileIdentity(found)}`);
  }
  return Date.now() - changedMs < SETTLED_MS ? undefined : parts.join("\n");
};

const look = (folder: string): Known | undefined => {
  const path = resolve(folder);
  let identity: string | undefined;
  try {
    identity = identityOf(path);
  } catch {
    // opening says what is wrong with the folder
  }
  if (identity === undefined) return undefined;
  const found = known.get(path);
  if (found?.identity === identity) return found;
  const made: Known = { identity, checkpoint: Checkpoint.open(path), digest: undefined };
  known.delete(path);
  known.set(path, made);
  for (const oldest of known.keys()) {
    if (known.size <= most) break;
    known.delete(oldest);
  }
  return made;
};

/** `Checkpoint.open`, or what it gave the last time. Throws as it does. */
export const openKnown = (folder: string): Checkpoint => look(folder)?.checkpoint ?? Checkpoint.open(folder);

/** The same without another look at the files, for what a plan says of a checkpoint that it has just looked at. */
export const openPlanned = (folder: string): Checkpoint => known.get(resolve(folder))?.checkpoint ?? openKnown(folder);

/**
 * A checkpoint and its `digest()`, computed once while its files stay as they are. `check` is given what was opened; what it throws
 * is thrown.
 */
export const knownDigest = (folder: string, check: (checkpoint: Checkpoint) => void = () => {}): Promise<string> => {
  const found = look(folder);
  const checkpoint = found?.checkpoint ?? Checkpoint.open(folder);
  check(checkpoint);
  if (found === undefined) return checkpoint.digest();
  const forget = (): void => {
    found.digest = undefined;
  };
  found.digest ??= checkpoint.digest().then(
    (digest) => {
      // what changed while it was hashed is not what was looked at
      if (look(folder) !== found) forget();
      return digest;
    },
    (error) => {
      forget();
      throw error;
    },
  );
  return found.digest;
};
