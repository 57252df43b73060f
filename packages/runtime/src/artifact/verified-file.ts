/**
 * Files of an artifact, read so that only the bytes its manifest promises come out. What is read is hashed first: a file whole,
 * a large one block by block, so that a window costs the blocks it touches. What was verified is trusted while the file keeps
 * device, inode, size, modification and change time; whoever writes to it changes the last, which no program can set back.
 */
import { createHash, webcrypto } from "node:crypto";
import type { FileHandle } from "node:fs/promises";
import { fileIdentity, openFile } from "@precipice/files";
import { announceRead } from "../disk.ts";
import { type FileEntry, hashBlockBytes } from "./inventory.ts";

/** Bytes that can be read from any place. */
export interface ByteSource {
  readonly size: number;
  /** Fills `into` with the bytes from `at` on. @throws Error when the source ends before. */
  readonly read: (into: Uint8Array, at: number) => Promise<void>;
  readonly close: () => Promise<void>;
}

/** The bytes are not those that were written. */
export class WrongBytes extends Error {
  override readonly name = "WrongBytes";
}

/** What this process has verified, by the file's identity and hash: block numbers, or `whole`. */
const verified = new Map<string, Set<number> | "whole">();
/** Beyond so many files all are forgotten: they are hashed again when they are read again. */
const remembered = 100_000;

const identityOf = async (file: FileHandle): Promise<string> => fileIdentity(await file.stat({ bigint: true }));

/** Hashed on other threads while a reader works. */
const blocksAhead = 3;

/** One file of an artifact, open. */
export class VerifiedFile implements ByteSource {
  readonly size: number;
  readonly #file: FileHandle;
  readonly #entry: FileEntry;
  readonly #identity: string;
  /** Blocks that are being verified, or are wrong. */
  readonly #begun = new Map<number, Promise<void>>();

  private constructor(file: FileHandle, entry: FileEntry, identity: string) {
    this.#file = file;
    this.#entry = entry;
    this.#identity = identity;
    this.size = entry.bytes;
  }

  /**
   * Opens `path`, which `entry` describes.
   *
   * @throws WrongBytes when it has another size; Error of the file system.
   */
  static async open(path: string, entry: FileEntry): Promise<VerifiedFile> {
    announceRead(path);
    const { handle: file, bytes } = await openFile(path);
    try {
      if (bytes !== entry.bytes) throw new WrongBytes(`${entry.path} has ${bytes} bytes, not ${entry.bytes}`);
      return new VerifiedFile(file, entry, await identityOf(file));
    } catch (cause) {
      await file.close();
      throw cause;
    }
  }

  /** @throws WrongBytes when a block that the window touches has other bytes, or the file changes meanwhile. */
  async read(into: Uint8Array, at: number): Promise<void> {
    const { blocks } = this.#entry;
    if (blocks === undefined) await this.verify();
    else await this.#verifyWindow(at, at + into.length, blocks);
    await fill(this.#file, into, at);
    await this.#assertSame();
  }

  /** The whole file, hashed in the memory that is returned. @throws WrongBytes */
  async readAll(): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = new Uint8Array(this.size);
    const hash = this.#known() === "whole" ? undefined : createHash("sha256");
    for (let at = 0; at < this.size; at += pieceBytes) {
      const piece = bytes.subarray(at, Math.min(this.size, at + pieceBytes));
      await fill(this.#file, piece, at);
      hash?.update(piece);
    }
    await this.#assertSame();
    if (hash !== undefined) this.#trust(hash.digest("hex"));
    return bytes;
  }

  /** Hashes the whole file, unless that was done. @throws WrongBytes */
  async verify(): Promise<void> {
    if (this.#known() === "whole") return;
    const hash = createHash("sha256");
    const buffer = new Uint8Array(Math.min(this.size, hashBlockBytes));
    for (let at = 0; at < this.size; at += buffer.length) {
      const piece = buffer.subarray(0, Math.min(buffer.length, this.size - at));
      await fill(this.#file, piece, at);
      hash.update(piece);
    }
    await this.#assertSame();
    this.#trust(hash.digest("hex"));
  }

  /** Device, inode, size and times: as long as they stay, nobody wrote to the file. */
  get identity(): string {
    return this.#identity;
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.#begun.values());
    await this.#file.close();
  }

  get #key(): string {
    return `${this.#identity} ${this.#entry.sha256}`;
  }

  #known(): Set<number> | "whole" {
    const known = verified.get(this.#key);
    if (known !== undefined) return known;
    const none = new Set<number>();
    if (verified.size >= remembered) verified.clear();
    verified.set(this.#key, none);
    return none;
  }

  /** @throws WrongBytes when that is not the file's hash. */
  #trust(seen: string): void {
    if (seen !== this.#entry.sha256) throw this.#wrong(this.#entry.sha256, seen);
    verified.set(this.#key, "whole");
  }

  /** Whoever reads in order finds the next blocks hashed: that is done on other threads while the reader works. */
  async #verifyWindow(from: number, to: number, blocks: ReadonlyArray<string>): Promise<void> {
    const known = this.#known();
    if (known === "whole") return;
    const first = Math.floor(from / hashBlockBytes);
    const last = Math.floor(Math.max(from, to - 1) / hashBlockBytes);
    const inOrder = first === 0 || known.has(first - 1) || known.has(first);
    const ahead = Math.min(blocks.length - 1, last + (inOrder ? blocksAhead : 0));
    for (let block = first; block <= last; block++) {
      for (let next = block; next <= Math.min(ahead, block + blocksAhead); next++)
        this.#begin(next, blocks[next], known);
      await this.#begun.get(block);
    }
  }

  /** Starts to verify a block, unless that was done or goes on. What it finds is told to whoever waits for the block. */
  #begin(block: number, expected: string | undefined, known: Set<number>): void {
    if (known.has(block) || this.#begun.has(block)) return;
    const done = this.#verifyBlock(block, expected).then(() => {
      known.add(block);
      this.#begun.delete(block);
    });
    done.catch(() => undefined);
    this.#begun.set(block, done);
  }

  async #verifyBlock(block: number, expected: string | undefined): Promise<void> {
    const from = block * hashBlockBytes;
    const bytes = new Uint8Array(Math.min(hashBlockBytes, this.size - from));
    await fill(this.#file, bytes, from);
    const seen = Buffer.from(await webcrypto.subtle.digest("SHA-256", bytes)).toString("hex");
    await this.#assertSame();
    if (seen !== expected) throw this.#wrong(expected, seen, ` between byte ${from} and ${from + bytes.length}`);
  }

  /** Bytes that were read are those that were verified only if nobody wrote meanwhile. */
  async #assertSame(): Promise<void> {
    if ((await identityOf(this.#file)) !== this.#identity)
      throw new WrongBytes(`${this.#entry.path} changed while it was read`);
  }

  #wrong(expected: string | undefined, seen: string, where = ""): WrongBytes {
    return new WrongBytes(
      `${this.#entry.path} has other bytes than when it was written${where} (sha256 ${seen.slice(0, shownDigits)}…, not ${
        expected === undefined ? "known" : `${expected.slice(0, shownDigits)}…`
      })`,
    );
  }
}

/** Of a hash, in a message. */
const shownDigits = 12;

const pieceBytes = 1 << 26;

async function fill(file: FileHandle, into: Uint8Array, offset: number): Promise<void> {
  for (let at = 0; at < into.length; ) {
    const { bytesRead } = await file.read(into, at, Math.min(pieceBytes, into.length - at), offset + at);
    if (bytesRead === 0) throw new Error(`the file ends at byte ${offset + at}`);
    at += bytesRead;
  }
}
