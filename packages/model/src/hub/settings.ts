/**
 * The environment variables of Python's huggingface_hub, with the same meaning. `getHFHubCachePath` of @huggingface/hub is not
 * used: it expands no `~`, and a model that is cached must open without loading a hub client.
 */
import { homedir } from "node:os";
import { join } from "node:path";
import { readFileTextSync } from "@precipice/files";

export interface HubSettings {
  /** Without a slash at its end. */
  readonly endpoint: string;
  readonly cacheDir: string;
  /** Never logged, never stored, sent to `endpoint`'s own origin only. */
  readonly token: string | undefined;
  readonly offline: boolean;
  /** Whether snapshots may be symbolic links into `blobs/`. */
  readonly symlinks: boolean;
  /** A transfer that is silent for so long is cut and taken up again. */
  readonly stallMs: number;
  /** The first wait before another try; it doubles. */
  readonly retryMs: number;
  /** Files in transfer at once. */
  readonly atOnce: number;
}

type Environment = Readonly<Record<string, string | undefined>>;

const isTrue = (value: string | undefined): boolean => /^(1|on|yes|true)$/i.test(value ?? "");

/** Settings of an environment, by default the process's own. */
export const hubSettings = (env: Environment = process.env): HubSettings => {
  const expand = (path: string): string =>
    path
      .replace(/^~(?=$|[\\/])/, homedir())
      .replace(/\$(?:(\w+)|\{(\w+)\})/g, (all, bare, braced) => env[bare ?? braced] ?? all);
  const home = expand(env["HF_HOME"] || join(env["XDG_CACHE_HOME"] || "~/.cache", "huggingface"));
  const seconds = Number(env["HF_HUB_DOWNLOAD_TIMEOUT"]);
  return {
    endpoint: (env["HF_ENDPOINT"] || "https://huggingface.co").replace(/\/+$/, ""),
    cacheDir: expand(env["HF_HUB_CACHE"] || env["HUGGINGFACE_HUB_CACHE"] || join(home, "hub")),
    token: isTrue(env["HF_HUB_DISABLE_IMPLICIT_TOKEN"])
      ? undefined
      : env["HF_TOKEN"]?.trim() ||
        env["HUGGING_FACE_HUB_TOKEN"]?.trim() ||
        tokenFile(expand(env["HF_TOKEN_PATH"] || join(home, "token"))),
    offline: isTrue(env["HF_HUB_OFFLINE"] || env["TRANSFORMERS_OFFLINE"]),
    symlinks: !isTrue(env["HF_HUB_DISABLE_SYMLINKS"]),
    stallMs: seconds > 0 ? seconds * 1000 : 30_000,
    retryMs: 1000,
    atOnce: 4,
  };
};

const tokenFile = (file: string): string | undefined => {
  try {
    return readFileTextSync(file, 1 << 16).trim() || undefined;
  } catch {
    return undefined; // not logged in
  }
};
