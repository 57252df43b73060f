/** What the machine gives: Node, threads, memory, disk, folders that can be written. */
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, rm, rmdir, statfs, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { bytes } from "../terminal/text.ts";
import type { Check } from "./check.ts";

/** What the embedded study needs, rounded up: below it nothing that is worth running fits. */
const LEAST_MEMORY = 1.5e9;
const LEAST_DISK = 1e9;

export function nodeCheck(version: string): Check {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const old = major < 22 || (major === 22 && minor < 19);
  if (old) return { name: "node", status: "problem", found: version, remedy: "Install Node 22.19 or newer." };
  return { name: "node", status: "ok", found: version };
}

export function memoryCheck(available: number, total: number): Check {
  const found = `${bytes(available)} available of ${bytes(total)}`;
  if (available >= LEAST_MEMORY) return { name: "memory", status: "ok", found };
  const remedy = `The embedded study needs about ${bytes(LEAST_MEMORY)}: end other programs; run --jobs 1 needs least.`;
  return { name: "memory", status: "problem", found, remedy };
}

export const threadsCheck = (threads: number): Check => ({ name: "threads", status: "ok", found: String(threads) });

/** Free space where `folder` is or would be. */
export async function diskCheck(folder: string): Promise<Check> {
  const there = nearest(folder);
  const { bavail, bsize } = await statfs(there);
  const free = bavail * bsize;
  const found = `${bytes(free)} free at ${there}`;
  if (free >= LEAST_DISK) return { name: "disk", status: "ok", found };
  const remedy = "precipice gc --unreachable removes what no run needs; --root FOLDER keeps results elsewhere.";
  return { name: "disk", status: "problem", found, remedy };
}

/** Writes a file there, and removes it and the folders made for it. */
export async function writableCheck(name: string, folder: string, remedy: string): Promise<Check> {
  try {
    const made = await mkdir(folder, { recursive: true });
    const path = join(folder, `.doctor-${randomBytes(4).toString("hex")}`);
    try {
      await writeFile(path, "", { flag: "wx" });
    } finally {
      await rm(path, { force: true });
      if (made !== undefined) await removeEmpty(folder, made);
    }
    return { name, status: "ok", found: folder };
  } catch (error) {
    const found = `${folder} cannot be written: ${(error as NodeJS.ErrnoException).code ?? String(error)}`;
    return { name, status: "problem", found, remedy };
  }
}

/** Folders from `folder` up to `top`, as far as nobody has put anything there since. */
async function removeEmpty(folder: string, top: string): Promise<void> {
  const removed = await rmdir(folder).then(
    () => true,
    () => false,
  );
  if (removed && folder !== top) await removeEmpty(dirname(folder), top);
}

const nearest = (folder: string): string =>
  existsSync(folder) || dirname(folder) === folder ? folder : nearest(dirname(folder));
