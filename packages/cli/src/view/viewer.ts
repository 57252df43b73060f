/**
 * The server behind `precipice view`: pages over the runs and the store of one root, on the loopback, for reading only. Every
 * answer is made from what lies on the disk when it is asked for; nothing is ever written.
 */
import { readdir } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join } from "node:path";
import { Artifact } from "@precipice/runtime";
import * as Effect from "effect/Effect";
import { artifactPage, shownRows } from "./artifact-page.ts";
import { Catalogue, type CataloguedRun } from "./catalogue.ts";
import { comparePage } from "./compare-page.ts";
import { refusalOf } from "./guard.ts";
import { reportPage } from "./report-page.ts";
import { address, type Route, routeOf } from "./route.ts";
import { openInside, realInside } from "./run-file.ts";
import { runPage, unreadableRunPage } from "./run-page.ts";
import { runsPage } from "./runs-page.ts";
import { filePolicy, icon, pagePolicy, problemPage } from "./shell.ts";
import { openState, streamChanges, streamRun } from "./stream.ts";

export interface Viewer {
  /** `http://127.0.0.1:4747/` */
  readonly url: string;
  readonly close: () => Promise<void>;
}

/** Pages that follow something, at once: each holds a connection open. */
const mostStreams = 64;
/** Tables larger than this are not opened for their first rows. */
const mostPreviewBytes = 256e6;

/** Listens on 127.0.0.1; `port` 0 is any free one. Rejects with the error of `listen` (`EADDRINUSE` …). */
export async function startViewer(root: string, port: number): Promise<Viewer> {
  const catalogue = new Catalogue(root);
  let streams = 0;
  const server = createServer((request, response) => {
    const stream = async (work: Promise<void>): Promise<void> => {
      streams += 1;
      await work.finally(() => {
        streams -= 1;
      });
    };
    answer(catalogue, request, response, () => (streams < mostStreams ? stream : undefined)).catch((error: unknown) => {
      if (response.headersSent) response.destroy();
      else page(response, 500, problemPage("This page could not be made", reason(error)));
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

type Streams = () => ((work: Promise<void>) => Promise<void>) | undefined;

async function answer(
  catalogue: Catalogue,
  request: IncomingMessage,
  response: ServerResponse,
  streams: Streams,
): Promise<void> {
  for (const [name, value] of Object.entries(always)) response.setHeader(name, value);
  const refusal = refusalOf(request);
  if (refusal !== undefined) {
    response.writeHead(refusal.status, { "content-type": "text/plain; charset=utf-8", ...refusal.headers });
    response.end(`${refusal.message}\n`);
    return;
  }
  const route = routeOf(request.url ?? "");
  if (route === undefined) return notFound(response, "There is no page of this address.");
  if (route.page === "changes" || route.page === "events") {
    const stream = streams();
    if (stream === undefined) return page(response, 503, problemPage("Too many pages follow runs", "Close some."));
    if (route.page === "changes") return stream(streamChanges(catalogue, response));
    const run = await catalogue.open(route.id);
    if (run === undefined) return notFound(response, "There is no such run.");
    return stream(streamRun(catalogue, run, response));
  }
  return show(catalogue, route, response);
}

type Shown = Exclude<Route, { readonly page: "changes" | "events" }>;

async function show(catalogue: Catalogue, route: Shown, response: ServerResponse): Promise<void> {
  switch (route.page) {
    case "runs":
      return page(response, 200, runsPage(catalogue.root, await catalogue.list(), route.query));
    case "compare":
      return compare(catalogue, route.query, response);
    case "icon":
      response.writeHead(200, { "content-type": "image/svg+xml", "content-security-policy": filePolicy });
      response.end(icon);
      return;
    case "artifact":
      return artifact(catalogue.root, route.kind, route.digest, response);
    case "run":
    case "report":
    case "file":
      return ofRun(catalogue, route, response);
  }
}

/** The same page of another run. */
const sameOf = (id: string, route: Extract<Shown, { page: "run" | "report" | "file" }>): string =>
  route.page === "run"
    ? address.run(id)
    : route.page === "report"
      ? address.report(id, route.file)
      : address.file(id, route.path.join("/"));

async function ofRun(
  catalogue: Catalogue,
  route: Extract<Shown, { page: "run" | "report" | "file" }>,
  response: ServerResponse,
): Promise<void> {
  if (route.id === "latest") {
    const [newest] = await catalogue.list();
    if (newest !== undefined) return redirect(response, sameOf(newest.id, route));
  }
  const run = await catalogue.open(route.id);
  if (run === undefined) return notFound(response, "There is no such run.");
  if (route.page === "file") return file(response, run, route.path);
  if (route.page === "report")
    return page(response, 200, reportPage(run.id, run.record?.pipeline ?? run.id, route.file));
  const entries = await readdir(run.path, { withFileTypes: true }).catch(() => []);
  const files = entries.map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name)).sort();
  const figures = await readdir(join(run.path, "figures")).catch((): ReadonlyArray<string> => []);
  const all = files.flatMap((name) => (name === "figures/" ? figures.map((figure) => `figures/${figure}`) : [name]));
  const { record } = run;
  if (record === undefined) return page(response, 200, unreadableRunPage(run.id, all));
  const same = (await catalogue.list()).filter((other) => other.record?.pipeline === record.pipeline);
  const before = same[same.findIndex(({ id }) => id === run.id) + 1]?.id;
  const { state } = await openState(run);
  page(response, 200, runPage({ run: { ...run, record }, state, files: all, before, nowMs: Date.now() }));
}

/** The list sends its two choices as `run`, newest first; a comparison has an earlier and a later one. */
async function compare(catalogue: Catalogue, query: URLSearchParams, response: ServerResponse): Promise<void> {
  const all = await catalogue.list();
  const chosen = query.getAll("run");
  const [later, earlier] = all.filter(({ id }) => chosen.includes(id));
  if (chosen.length === 2 && later !== undefined && earlier !== undefined)
    return redirect(response, address.compare(earlier.id, later.id));
  const named = (name: string): CataloguedRun | undefined => all.find(({ id }) => id === query.get(name));
  const missing = ["a", "b"].filter((name) => query.has(name) && named(name)?.record === undefined);
  const note =
    missing.length > 0
      ? `${missing.map((name) => `"${query.get(name)}"`).join(" and ")}: no run that can be read.`
      : chosen.length > 0
        ? `Choose two runs; ${chosen.length === 1 ? "one was" : `${chosen.length} were`} chosen.`
        : undefined;
  page(response, note === undefined ? 200 : 400, comparePage(all, named("a") ?? earlier, named("b") ?? later, note));
}

async function artifact(root: string, kind: string, digest: string, response: ServerResponse): Promise<void> {
  const folder = await realInside(join(root, ".precipice", "store"), [kind, digest]);
  if (folder === undefined) return notFound(response, `The store holds no ${kind} ${digest}.`);
  const manifest = await Effect.runPromise(Artifact.readManifest(folder));
  const largest = Math.max(0, ...manifest.contents.files.map(({ bytes }) => bytes));
  const preview =
    largest > mostPreviewBytes
      ? { manifest, tables: [], vectors: [] }
      : await Effect.runPromise(Artifact.boundedPreview(folder, shownRows));
  page(response, 200, artifactPage(preview));
}

/** Types of what runs publish; everything else is handed over as a file. */
const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".htm": "text/html; charset=utf-8",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".json": "application/json; charset=utf-8",
  ".jsonl": "text/plain; charset=utf-8",
  ".txt": "text/plain; charset=utf-8",
  ".csv": "text/csv; charset=utf-8",
  ".md": "text/plain; charset=utf-8",
};

async function file(response: ServerResponse, run: CataloguedRun, path: ReadonlyArray<string>): Promise<void> {
  const found = await openInside(run.path, path);
  if (found === undefined) return notFound(response, "The run holds no such file.");
  const { handle, bytes } = found;
  const type = types[extname(path.at(-1) ?? "").toLowerCase()];
  response.writeHead(200, {
    "content-type": type ?? "application/octet-stream",
    "content-length": bytes,
    "content-security-policy": filePolicy,
    ...(type === undefined ? { "content-disposition": "attachment" } : {}),
  });
  if (response.req.method === "HEAD" || bytes === 0) {
    await handle.close();
    response.end();
    return;
  }
  // a log may grow while it is sent: what was promised is sent, no more
  handle
    .createReadStream({ end: bytes - 1 })
    .on("error", () => response.destroy())
    .pipe(response)
    .on("close", () => void handle.close().catch(() => undefined));
}

/** What every answer says: no other site may show, load or guess it, nothing keeps it. */
const always: Readonly<Record<string, string>> = {
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cache-control": "no-store",
  "cross-origin-resource-policy": "same-origin",
  "cross-origin-opener-policy": "same-origin",
};

function page(response: ServerResponse, status: number, html: string): void {
  response.writeHead(status, { "content-type": "text/html; charset=utf-8", "content-security-policy": pagePolicy });
  response.end(html);
}

const notFound = (response: ServerResponse, message: string): void =>
  page(response, 404, problemPage("Not found", message));

function redirect(response: ServerResponse, to: string): void {
  response.writeHead(303, { location: to });
  response.end();
}

const reason = (error: unknown): string => (error instanceof Error ? error.message : String(error));
