/** A checkpoint of a hub as a folder on this machine. */
import { existsSync, statfsSync } from "node:fs";
import { join } from "node:path";
import { linkBlob, repositoryFolder, sizeOfFile, snapshotFolder } from "./cache.ts";
import { INDEX, missingOfCheckpoint, REQUIRED, SHARD, SINGLE, settingsAmong, shardsOf } from "./checkpoint-files.ts";
import { downloadBlob } from "./download.ts";
import { diskError, HubError } from "./errors.ts";
import type { HubConnection } from "./hub-fetch.ts";
import { bytesHere } from "./partial.ts";
import { type HubReference, parseHubReference, showReference } from "./reference.ts";
import { type HubFile, listRepository, resolveCommit } from "./repository.ts";
import { hubSettings } from "./settings.ts";

export interface HubOptions extends Omit<HubConnection, "settings"> {
  /** Default: from the environment (HF_TOKEN, HF_HOME, HF_HUB_CACHE, HF_ENDPOINT, HF_HUB_OFFLINE …). */
  readonly settings?: HubConnection["settings"];
  /** Bytes that are here of all that are needed, and the file that moved last. */
  readonly onProgress?: (done: number, total: number, file: string) => void;
  /** Names of further files of the top folder to bring along, where the repository has them. */
  readonly also?: ReadonlyArray<string>;
}

export interface HubCheckpoint {
  readonly reference: HubReference;
  readonly commit: string;
  /** Where the snapshot lies, or will lie. */
  readonly folder: string;
  /** Whether it is all there. */
  readonly cached: boolean;
}

const connect = ({ settings = hubSettings(), signal, onNotice }: HubOptions): HubConnection => ({
  settings,
  signal,
  onNotice,
});

/** Which commit `hf://org/name@revision` is, and whether the cache has it. Downloads nothing. Rejects with `HubError`. */
export const findHubCheckpoint = async (source: string, options: HubOptions = {}): Promise<HubCheckpoint> => {
  const reference = parseHubReference(source);
  if (reference.type !== "model")
    throw new HubError({
      code: "E_HUB_REFERENCE",
      what: source,
      problem: "is a dataset, not a model",
      remedy: "Use it as the source of data.prompts",
    });
  const connection = connect(options);
  const commit = await resolveCommit(reference, connection);
  const folder = snapshotFolder(connection.settings.cacheDir, reference, commit);
  return { reference, commit, folder, cached: missingOfCheckpoint(folder).length === 0 };
};

/** Bytes of all files that `fetchHubCheckpoint` would put into the cache, from the hub's list alone. Rejects with `HubError`. */
export const hubCheckpointBytes = async (source: string, options: HubOptions = {}): Promise<number> => {
  const { reference, commit } = await findHubCheckpoint(source, options);
  return checkpointBytes(await listRepository(reference, commit, connect(options), "top"));
};

const checkpointBytes = (files: ReadonlyArray<HubFile>): number => {
  const names = new Set(files.map(({ path }) => path));
  const wanted = new Set(settingsAmong(names));
  const isWeights = (name: string) => (names.has(SINGLE) ? name === SINGLE : SHARD.test(name));
  return files.reduce((sum, { path, bytes }) => sum + (wanted.has(path) || isWeights(path) ? bytes : 0), 0);
};

/**
 * Folder of the checkpoint `hf://org/name[@revision]`, downloaded into the Hugging Face cache unless it is there. A cached one
 * needs no network at all when the revision is a commit or HF_HUB_OFFLINE is set. Rejects with `HubError`.
 */
export const fetchHubCheckpoint = async (source: string, options: HubOptions = {}): Promise<HubCheckpoint> => {
  const found = await findHubCheckpoint(source, options);
  const also = options.also ?? [];
  if (found.cached && also.every((name) => sizeOfFile(join(found.folder, name)) !== undefined)) return found;
  const connection = connect(options);
  const { reference, commit, folder } = found;
  const { settings } = connection;
  const what = showReference({ ...reference, revision: commit });
  if (settings.offline && !found.cached) checkOffline(what, folder);
  const listed = await listRepository(reference, commit, connection, "top");
  const files = new Map(listed.map((file) => [file.path, file]));
  const small = pick(
    what,
    [...settingsAmong(checkedNames(what, files)), ...also.filter((name) => files.has(name))],
    files,
  );
  let done = 0;
  const sizeOf = (some: ReadonlyArray<HubFile>) => some.reduce((sum, { bytes }) => sum + bytes, 0);
  let total = checkpointBytes(listed); // by the names shards usually have, until the index says which they are
  const fetchAll = (wanted: ReadonlyArray<HubFile>) =>
    inParallel(wanted, settings.atOnce, connection.signal, async (file, signal) => {
      const blob = await downloadBlob(reference, commit, file, { ...connection, signal }, (bytes) => {
        done += bytes;
        if (bytes !== 0) options.onProgress?.(done, total, file.path);
      });
      try {
        linkBlob(blob, join(folder, file.path), settings.symlinks);
      } catch (error) {
        throw diskError(`${what} ${file.path}`, error);
      }
    });
  await fetchAll(small);
  const weights = pick(what, files.has(SINGLE) ? [SINGLE] : shardNames(what, join(folder, INDEX)), files);
  total = sizeOf(small) + sizeOf(weights);
  checkRoom(what, reference, settings.cacheDir, weights);
  await fetchAll(weights); // last: a snapshot with all its weights has everything
  return { ...found, cached: true };
};

/** Names what a snapshot that is there in part lacks; of none at all the request that follows tells. */
const checkOffline = (what: string, folder: string): void => {
  if (!existsSync(folder)) return;
  const missing = missingOfCheckpoint(folder);
  const names = `${missing.slice(0, 3).join(", ")}${missing.length > 3 ? ` and ${missing.length - 3} more` : ""}`;
  throw new HubError({
    code: "E_HUB_OFFLINE",
    what,
    problem: `is in the cache in part only: ${names} missing, and HF_HUB_OFFLINE is set`,
    remedy: "Unset HF_HUB_OFFLINE once to download the rest, or name a revision that is there",
  });
};

/** The names of the top folder, once it is sure that there is a checkpoint among them. */
const checkedNames = (what: string, files: ReadonlyMap<string, HubFile>): ReadonlySet<string> => {
  const missing: string[] = REQUIRED.filter((name) => !files.has(name));
  if (!files.has(SINGLE) && !files.has(INDEX)) missing.push(SINGLE);
  if (missing.length === 0) return new Set(files.keys());
  const other = [...files.keys()].filter((name) => /\.(bin|gguf|pth|pt|h5|onnx|msgpack)$/.test(name));
  throw new HubError({
    code: "E_HUB_FILE",
    what,
    problem: `has no ${missing.join(", no ")}${other.length > 0 ? `, only ${other.slice(0, 3).join(", ")}` : ""}`,
    remedy: missing.includes(SINGLE)
      ? "Use a repository with safetensors weights (others can be converted with transformers' save_pretrained)"
      : "Use a repository in the layout of transformers, with a fast tokenizer (tokenizer.json)",
  });
};

const shardNames = (what: string, index: string): string[] => {
  const names = shardsOf(index);
  if (names !== undefined) return names;
  throw new HubError({
    code: "E_HUB_FILE",
    what: `${what} ${INDEX}`,
    problem: "names no safetensors files of its own folder",
    remedy: "Do not trust this checkpoint",
  });
};

const pick = (what: string, names: ReadonlyArray<string>, files: ReadonlyMap<string, HubFile>): HubFile[] =>
  names.map((name) => {
    const file = files.get(name);
    if (file !== undefined) return file;
    throw new HubError({
      code: "E_HUB_FILE",
      what,
      problem: `has no ${name}, which its index names`,
      remedy: "The repository is not complete: use another revision",
    });
  });

/** Fails before the first byte when the weights cannot fit. */
const checkRoom = (what: string, reference: HubReference, cacheDir: string, weights: ReadonlyArray<HubFile>): void => {
  const blobs = join(repositoryFolder(cacheDir, reference), "blobs");
  const bytes = weights.reduce((sum, file) => sum + Math.max(0, file.bytes - bytesHere(join(blobs, file.etag))), 0);
  const { bavail, bsize } = statfsSync(blobs);
  if (bytes <= bavail * bsize) return;
  throw new HubError({
    code: "E_HUB_DISK",
    what,
    problem: `needs ${gigabytes(bytes)}, but ${cacheDir} has room for ${gigabytes(bavail * bsize)}`,
    remedy: "Free some space, or set HF_HUB_CACHE to a folder on a larger disk",
  });
};

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toPrecision(3)} GB`;

/** Runs over all items, `atOnce` at a time; the first failure stops the others. */
const inParallel = async <A>(
  items: ReadonlyArray<A>,
  atOnce: number,
  signal: AbortSignal | undefined,
  work: (item: A, signal: AbortSignal) => Promise<void>,
): Promise<void> => {
  const failed = new AbortController();
  const either = AbortSignal.any([failed.signal, ...(signal === undefined ? [] : [signal])]);
  const queue = [...items];
  let first: { readonly error: unknown } | undefined;
  const worker = async () => {
    for (let item = queue.shift(); item !== undefined && !either.aborted; item = queue.shift()) {
      try {
        await work(item, either);
      } catch (error) {
        first ??= { error };
        failed.abort(error);
      }
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  if (first !== undefined) throw first.error;
  signal?.throwIfAborted();
};
