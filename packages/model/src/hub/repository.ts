/** What a hub says about a repository: the commit of a revision, and the files of a commit. */
import { type ListedPart, readListing, readRef, writeListing, writeRef } from "./cache.ts";
import { HubError } from "./errors.ts";
import { type HubConnection, hubJsonFetch } from "./hub-fetch.ts";
import { type HubReference, isCommit, showReference } from "./reference.ts";

export interface HubFile {
  /** Inside the repository, with forward slashes. */
  readonly path: string;
  readonly bytes: number;
  /** Name of its blob in the cache: the sha256 of a large file's content, the git blob id (sha1) of a small one's. */
  readonly etag: string;
}

/** Answers of this process: a run uses the commit that its plan saw, also when the branch moves in between. */
const commits = new Map<string, string>();

/**
 * The commit a reference means. A commit is one already, without any request; offline, or when the hub cannot be reached, a
 * branch or tag is what it was when it was last seen (`refs/` of the cache). Rejects with `HubError`.
 */
export const resolveCommit = async (reference: HubReference, connection: HubConnection): Promise<string> => {
  if (isCommit(reference.revision)) return reference.revision;
  const { settings } = connection;
  const key = `${settings.endpoint} ${settings.cacheDir} ${showReference(reference)}`;
  const known = commits.get(key);
  if (known !== undefined) return known;
  const seen = readRef(settings.cacheDir, reference);
  if (settings.offline && seen !== undefined) return seen;
  const commit = await askForCommit(reference, connection).catch((error) => {
    if (seen === undefined || !(error instanceof HubError) || error.code !== "E_HUB_NETWORK") throw error;
    connection.onNotice?.(`${error.message}; using commit ${seen}, which is in the cache`);
    return seen;
  });
  writeRef(settings.cacheDir, reference, commit);
  commits.set(key, commit);
  return commit;
};

const askForCommit = async (reference: HubReference, connection: HubConnection): Promise<string> => {
  const what = showReference(reference);
  const { datasetInfo, modelInfo } = await import("@huggingface/hub");
  const { name, revision } = reference;
  const params = {
    name,
    revision,
    hubUrl: connection.settings.endpoint,
    fetch: hubJsonFetch(connection, what),
    additionalFields: ["sha" as const],
  };
  const { sha } = reference.type === "model" ? await modelInfo(params) : await datasetInfo(params);
  if (isCommit(String(sha))) return String(sha);
  throw notAHub(what, connection, `names no commit of it (sha: ${JSON.stringify(sha)})`);
};

/** All files at a commit, or those of its top folder only: as the hub listed them once, else asked for. Rejects with `HubError`. */
export const listRepository = async (
  reference: HubReference,
  commit: string,
  connection: HubConnection,
  part: ListedPart,
): Promise<HubFile[]> => {
  const { cacheDir } = connection.settings;
  const known = knownListing(cacheDir, reference, commit, part);
  if (known !== undefined) return [...known];
  const files = await askForListing(reference, commit, connection, part);
  writeListing(cacheDir, reference, commit, part, files);
  return files;
};

/** What the hub listed at a commit when it was last asked from this cache; `undefined` when it never was. */
export const knownListing = (
  cacheDir: string,
  reference: HubReference,
  commit: string,
  part: ListedPart,
): ReadonlyArray<HubFile> | undefined => {
  const read = readListing(cacheDir, reference, commit, part);
  return Array.isArray(read) && read.every(isListed) ? read : undefined;
};

/** All three become parts of local paths or sizes of local files. */
const isListed = (file: unknown): file is HubFile => {
  const { path, bytes, etag } = (file ?? {}) as { readonly [key in keyof HubFile]?: unknown };
  return (
    typeof etag === "string" &&
    /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(etag) &&
    typeof path === "string" &&
    isPlainPath(path) &&
    Number.isSafeInteger(bytes) &&
    (bytes as number) >= 0
  );
};

const askForListing = async (
  reference: HubReference,
  commit: string,
  connection: HubConnection,
  part: ListedPart,
): Promise<HubFile[]> => {
  const what = showReference({ ...reference, revision: commit });
  const { listFiles } = await import("@huggingface/hub");
  const files: HubFile[] = [];
  const entries = listFiles({
    repo: { type: reference.type, name: reference.name },
    revision: commit,
    recursive: part === "all",
    hubUrl: connection.settings.endpoint,
    fetch: hubJsonFetch(connection, what),
  });
  for await (const { type, path, size, oid, lfs } of entries) {
    if (type !== "file") continue;
    const etag = lfs?.oid ?? oid ?? "";
    const file = { path, bytes: lfs?.size ?? size, etag };
    if (!isListed(file) || !Number.isSafeInteger(size) || size < 0)
      throw notAHub(what, connection, `lists a file that cannot be: ${JSON.stringify({ path, size, etag })}`);
    files.push(file);
  }
  return files;
};

/** What Windows takes for drives, streams or patterns; elsewhere these are letters like any other. */
const ODD = process.platform === "win32" ? /[\\:*?"<>|\0]/ : /[\\\0]/;

/** A relative path that stays inside its folder. */
const isPlainPath = (path: string): boolean =>
  path.split("/").every((part) => part !== "" && part !== "." && part !== ".." && !ODD.test(part));

const notAHub = (what: string, { settings }: HubConnection, problem: string): HubError =>
  new HubError({
    code: "E_HUB_STATUS",
    what,
    problem: `${settings.endpoint} ${problem}`,
    remedy: "Check that HF_ENDPOINT is a Hugging Face hub",
  });
