/**
 * Where a plugin lives: the package that an `import` of its name from the pipeline file's folder would find. Node can only
 * answer that for the module that asks, so its rules for a package's main entry are followed here: the package the folder
 * itself belongs to, then `node_modules` of every folder above.
 */
import { realpath, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { badByte, readFileBytes } from "@precipice/files";
import { PluginError } from "../errors.ts";

/** The parts of a `package.json` that matter here. */
export interface PackageManifest {
  readonly name?: unknown;
  readonly version?: unknown;
  readonly main?: unknown;
  readonly exports?: unknown;
}

export interface FoundPackage {
  /** Absolute, links resolved: Node runs TypeScript of a linked package, not of an installed one. */
  readonly folder: string;
  readonly manifest: PackageManifest;
}

const packageName = /^(?:@[a-z0-9~-][a-z0-9._~-]*\/)?[a-z0-9~-][a-z0-9._~-]*$/;

/** `./folder` or `../folder` instead of a package's name. */
const isPath = (plugin: string): boolean => /^\.\.?\//.test(plugin) || plugin === "." || plugin === "..";

export const isPackageName = (name: string): boolean => packageName.test(name);

/** Whether `plugin` could name a plugin at all. */
export const isPluginName = (plugin: string): boolean => isPath(plugin) || isPackageName(plugin);

/** @throws PluginError `E_PLUGIN_MISSING` when there is no such package, `E_PLUGIN_LOAD` when its manifest is unreadable. */
export async function findPackage(plugin: string, folder: string): Promise<FoundPackage> {
  if (isPath(plugin)) {
    const path = resolve(folder, plugin);
    const manifest = await readManifest(path, plugin);
    if (manifest !== undefined) return { folder: await realpath(path), manifest };
    const remedy = "A plugin is a folder with a package.json; paths start at the folder of the file that names them.";
    throw new PluginError({ code: "E_PLUGIN_MISSING", message: `${path} is no package`, remedy });
  }
  for (let above = resolve(folder); ; above = dirname(above)) {
    const own = await readManifest(above, plugin);
    if (own?.name === plugin && own.exports !== undefined) return { folder: await realpath(above), manifest: own };
    const installed = join(above, "node_modules", plugin);
    const manifest = await readManifest(installed, plugin);
    if (manifest !== undefined) return { folder: await realpath(installed), manifest };
    if (dirname(above) === above) break;
  }
  throw new PluginError({
    code: "E_PLUGIN_MISSING",
    message: `package "${plugin}" is not installed: no node_modules beside this file or above has it`,
    remedy: `npm install ${plugin}, in the project of the pipeline file.`,
  });
}

/** A `package.json` is smaller by far. */
const MOST_BYTES = 16 << 20;

async function readManifest(folder: string, plugin: string): Promise<PackageManifest | undefined> {
  const path = join(folder, "package.json");
  const bytes = await readFileBytes(path, MOST_BYTES).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === "ENOENT" || cause.code === "ENOTDIR") return undefined;
    throw unreadable(plugin, path, cause);
  });
  if (bytes === undefined) return undefined;
  const bad = badByte(bytes);
  if (bad !== undefined)
    throw unreadable(plugin, path, new Error(`${bad.message} (line ${bad.line}, column ${bad.column})`));
  try {
    return JSON.parse(new TextDecoder("utf-8").decode(bytes)) as PackageManifest;
  } catch (cause) {
    throw unreadable(plugin, path, cause as Error);
  }
}

const unreadable = (plugin: string, path: string, cause: Error): PluginError =>
  new PluginError({
    code: "E_PLUGIN_LOAD",
    message: `plugin "${plugin}": ${path} cannot be read: ${cause.message}`,
    remedy: "Correct that file.",
    cause,
  });

const conditions = new Set(["node", "import", "module-sync", "default"]);

/** The file that `import "plugin"` loads. @throws PluginError `E_PLUGIN_LOAD` when there is none. */
export async function entryOf(plugin: string, { folder, manifest }: FoundPackage): Promise<string> {
  const { exports, main } = manifest;
  const root = isRecord(exports) && Object.keys(exports).some((key) => key.startsWith(".")) ? exports["."] : exports;
  const target = exports === undefined ? (typeof main === "string" ? main : "index.js") : chosen(root);
  const path = target === undefined ? undefined : resolve(folder, target);
  const inside = path?.startsWith(`${folder}/`) || path?.startsWith(`${folder}\\`);
  if (path !== undefined && inside && (await stat(path).catch(() => undefined))?.isFile()) return path;
  throw new PluginError({
    code: "E_PLUGIN_LOAD",
    message: `plugin "${plugin}": its main entry ${target === undefined ? "is not exported" : `${path} is not there`}`,
    remedy: `Let "exports" in ${join(folder, "package.json")} name a file that exports stages; build it if it is built.`,
  });
}

/** The first target whose condition holds for an `import` by Node. */
function chosen(target: unknown): string | undefined {
  if (typeof target === "string") return target;
  if (Array.isArray(target)) return target.map(chosen).find((path) => path !== undefined);
  if (!isRecord(target)) return undefined;
  for (const [condition, inner] of Object.entries(target)) {
    const path = conditions.has(condition) ? chosen(inner) : undefined;
    if (path !== undefined) return path;
  }
  return undefined;
}

const isRecord = (value: unknown): value is { readonly [key: string]: unknown } =>
  typeof value === "object" && value !== null && !Array.isArray(value);
