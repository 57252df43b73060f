/**
 * Which page an address means. Pure and strict: an address is taken apart before it is decoded, each part is decoded once, and
 * a part that could name anything but a direct child of its folder makes the whole address mean nothing.
 */

export type Route =
  | { readonly page: "runs"; readonly query: URLSearchParams }
  /** Tells a list of runs that it is no longer true. */
  | { readonly page: "changes" }
  | { readonly page: "compare"; readonly query: URLSearchParams }
  | { readonly page: "run"; readonly id: string }
  /** What happens in a run, while it does. */
  | { readonly page: "events"; readonly id: string }
  /** A published page of a run in a frame. */
  | { readonly page: "report"; readonly id: string; readonly file: string }
  | { readonly page: "file"; readonly id: string; readonly path: ReadonlyArray<string> }
  | { readonly page: "artifact"; readonly kind: string; readonly digest: string }
  | { readonly page: "icon" };

/** `undefined` for an address that means nothing. `target` is the request's target as it came: path and query. */
export function routeOf(target: string): Route | undefined {
  if (!target.startsWith("/") || target.length > longest) return undefined;
  const [path = "", ...rest] = target.split("?");
  const query = new URLSearchParams(rest.join("?"));
  if (path === "/") return { page: "runs", query };
  const parts = path.slice(1).split("/").map(segment);
  if (parts.includes(undefined)) return undefined;
  const [first, second, third, ...more] = parts as ReadonlyArray<string>;
  const many = parts.length;
  if (many === 1) {
    if (first === "compare") return { page: "compare", query };
    if (first === "changes") return { page: "changes" };
    if (first === "icon.svg") return { page: "icon" };
  }
  if (first === "artifacts" && many === 3 && second !== undefined && third !== undefined) {
    return kindName.test(second) && digestText.test(third)
      ? { page: "artifact", kind: second, digest: third }
      : undefined;
  }
  if (first !== "runs" || second === undefined) return undefined;
  if (many === 2) return { page: "run", id: second };
  if (third === "events" && many === 3) return { page: "events", id: second };
  if (third === "report" && more.length === 1) return { page: "report", id: second, file: more[0] as string };
  if (third === "files" && more.length > 0) return { page: "file", id: second, path: more };
  return undefined;
}

/** Longest address looked at, in characters. */
const longest = 4096;
const kindName = /^[a-z][\w.-]*$/i;
const digestText = /^[\da-f]{8,64}$/;

/** The addresses of pages, from names that may hold anything. */
export const address = {
  run: (id: string) => `/runs/${encodeURIComponent(id)}`,
  events: (id: string) => `/runs/${encodeURIComponent(id)}/events`,
  report: (id: string, file: string) => `/runs/${encodeURIComponent(id)}/report/${encodeURIComponent(file)}`,
  file: (id: string, path: string) =>
    `/runs/${encodeURIComponent(id)}/files/${path.split("/").map(encodeURIComponent).join("/")}`,
  artifact: (kind: string, digest: string) => `/artifacts/${encodeURIComponent(kind)}/${encodeURIComponent(digest)}`,
  compare: (a: string, b: string) => `/compare?${new URLSearchParams({ a, b })}`,
} as const;

/** One part of a path, decoded; `undefined` when it is empty, climbs, parts further, or names a device or stream. */
function segment(raw: string): string | undefined {
  let text: string;
  try {
    text = decodeURIComponent(raw);
  } catch {
    return undefined;
  }
  return text === "" || text === "." || text === ".." || /[/\\:\u0000-\u001f\u007f]/.test(text) ? undefined : text;
}
