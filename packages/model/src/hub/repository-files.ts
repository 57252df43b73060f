/** Single files of a hub's repository, for what is no checkpoint: data sets above all. */
import { createHash } from "node:crypto";
import { readdirSync } from "node:fs";
import { readlink } from "node:fs/promises";
import { basename, join, relative, sep } from "node:path";
import { streamFile } from "@precipice/files";
import { blobFile, linkBlob, sizeOfFile, snapshotFolder } from "./cache.ts";
import { contentUrl, downloadBlob } from "./download.ts";
import { HubError } from "./errors.ts";
import { type HubConnection, hubFetch, pause, TRIES } from "./hub-fetch.ts";
import { type HubReference, parseHubReference, showReference } from "./reference.ts";
import { type HubFile, knownListing, listRepository, resolveCommit } from "./repository.ts";

/** A repository at a commit. */
export interface HubRepository {
  readonly reference: HubReference;
  readonly commit: string;
  readonly connection: HubConnection;
}

/** Which commit a source is. Downloads nothing. Rejects with `HubError`. */
export const findHubRepository = async (source: string, connection: HubConnection): Promise<HubRepository> => {
  const reference = parseHubReference(source);
  return { reference, commit: await resolveCommit(reference, connection), connection };
};

/** Name of a file in messages. */
const nameOf = ({ reference, commit }: HubRepository, path: string): string =>
  `${showReference({ ...reference, revision: commit })} ${path}`;

export interface HubListing {
  readonly files: ReadonlyArray<HubFile>;
  /** Whether these are all files of the commit: what the hub listed, now or once. Else it is what the cache happens to hold. */
  readonly complete: boolean;
}

/**
 * All files, as the hub lists them or once did. Offline, of a commit whose list this cache never saw (Python's tools keep none), those
 * that are in the cache: they may be some of many.
 */
export const listHubFiles = async ({ reference, commit, connection }: HubRepository): Promise<HubListing> => {
  const { offline, cacheDir } = connection.settings;
  const known = knownListing(cacheDir, reference, commit, "all");
  if (known !== undefined) return { files: known, complete: true };
  if (!offline) return { files: await listRepository(reference, commit, connection, "all"), complete: true };
  const folder = snapshotFolder(cacheDir, reference, commit);
  const files = filesBelow(folder).map((name) => ({
    path: relative(folder, name).split(sep).join("/"),
    bytes: sizeOfFile(name) ?? 0,
    etag: "",
  }));
  return { files, complete: false };
};

/** What stands for a file's content: the name of its blob, else (a cache of copies, not links) its sha256. Rejects with `HubError`. */
export const hubFileIdentity = async (repository: HubRepository, file: HubFile): Promise<string> => {
  if (file.etag !== "") return file.etag;
  const path = await fetchHubFile(repository, file);
  const blob = await readlink(path).then(basename, () => "");
  if (/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(blob)) return blob;
  const hash = createHash("sha256");
  for await (const chunk of await streamFile(path)) hash.update(chunk as Buffer);
  return hash.digest("hex");
};

const filesBelow = (folder: string): string[] => {
  try {
    const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
    return entries.filter((entry) => !entry.isDirectory()).map((entry) => join(entry.parentPath, entry.name));
  } catch {
    return [];
  }
};

/** The file on this machine, `undefined` when the cache has it not. */
export const cachedHubFile = ({ reference, commit, connection }: HubRepository, file: HubFile): string | undefined => {
  const { cacheDir } = connection.settings;
  const places = [join(snapshotFolder(cacheDir, reference, commit), file.path)];
  if (file.etag !== "") places.push(blobFile(cacheDir, reference, file.etag));
  return places.find((place) => sizeOfFile(place) === file.bytes);
};

/** The file on this machine, downloaded into the cache unless it is there. Rejects with `HubError`. */
export const fetchHubFile = async (
  repository: HubRepository,
  file: HubFile,
  onBytes?: (bytes: number) => void,
): Promise<string> => {
  const cached = cachedHubFile(repository, file);
  if (cached !== undefined) return cached;
  const { reference, commit, connection } = repository;
  const blob = await downloadBlob(reference, commit, file, connection, onBytes);
  const path = join(snapshotFolder(connection.settings.cacheDir, reference, commit), file.path);
  linkBlob(blob, path, connection.settings.symlinks);
  return path;
};

/**
 * Address and `fetch` for reading parts of a file by Range, without having the whole of it. Nothing is cached, and there is no
 * checksum for a part: only its length is checked.
 */
export const hubFileParts = (
  repository: HubRepository,
  file: HubFile,
): { readonly url: string; readonly fetch: typeof fetch } => {
  const { reference, commit, connection } = repository;
  const what = nameOf(repository, file.path);
  return {
    url: contentUrl(connection.settings.endpoint, reference, commit, file.path),
    fetch: async (input, init) => {
      const headers = new Headers(init?.headers);
      headers.set("accept-encoding", "identity");
      const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(headers.get("range") ?? "") ?? [];
      for (let attempt = 1; ; attempt++) {
        const response = await hubFetch(connection, what, String(input), { ...init, headers });
        if (response.status !== 206 || to === undefined) return response;
        const body = await response.arrayBuffer().catch(() => new ArrayBuffer(0));
        const bytes = Number(to) + 1 - Number(from);
        if (body.byteLength === bytes) return new Response(body, { status: 206, headers: response.headers });
        connection.signal?.throwIfAborted();
        if (attempt === TRIES) {
          throw new HubError({
            code: "E_HUB_NETWORK",
            what,
            problem: `the connection was cut ${TRIES} times while ${bytes} bytes from byte ${from} on were read`,
            remedy: "Check the network and any proxy in between, then run again",
          });
        }
        await pause(connection.settings.retryMs * 2 ** (attempt - 1), connection.signal);
      }
    },
  };
};
