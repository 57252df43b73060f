/**
 * The folders that become locks by a rename. Each holds one file, named by its token, that says whose it is. A process keeps
 * those it made and renames them in and out: a lock costs two renames then, instead of making and removing a folder and a
 * file. Over a network each of those is a round trip, and some file systems look past every file deleted lately. The last
 * lock to go takes them with it; those of a killed process are swept by their names.
 */
import { join } from "node:path";
import { makeFolder, remove, writeChunks } from "../disk.ts";
import { claim, nameOf, type Owner } from "./owner.ts";

/** A folder of this process that is a lock, or lies aside until it is one. */
export interface LockFolder {
  readonly aside: string;
  readonly owner: Owner;
}

/** What this process keeps for the locks of one folder. */
export class LockFolders {
  static readonly #all = new Map<string, LockFolders>();
  readonly #folder: string;
  readonly #ready: Array<LockFolder> = [];
  #users = 0;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** For a lock below `folder` that is wanted from now on, until `leave`. */
  static enter(folder: string): LockFolders {
    const own = LockFolders.#all.get(folder) ?? new LockFolders(folder);
    LockFolders.#all.set(folder, own);
    own.#users += 1;
    return own;
  }

  /** One that was kept, if any. */
  take(): LockFolder | undefined {
    return this.#ready.pop();
  }

  async make(): Promise<LockFolder> {
    const owner = claim();
    const aside = join(this.#folder, `${nameOf(owner)}.ready`);
    try {
      await makeFolder(aside);
      await writeChunks(join(aside, owner.token), [JSON.stringify(owner)], "wx");
    } catch (cause) {
      await remove(aside).catch(() => undefined);
      throw cause;
    }
    return { aside, owner };
  }

  /** The lock is not wanted any more; its folder lies aside again, or is lost. */
  async leave(folder: LockFolder | undefined): Promise<void> {
    if (folder !== undefined) this.#ready.push(folder);
    this.#users -= 1;
    if (this.#users > 0) return;
    LockFolders.#all.delete(this.#folder);
    for (const { aside } of this.#ready.splice(0)) await remove(aside).catch(() => undefined);
  }
}
