/** A plain static server on the loopback, to look at a built page: reads below its folder, nothing else. */
import { createReadStream, realpathSync, statSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, sep } from "node:path";

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json",
  ".svg": "image/svg+xml",
  ".wasm": "application/wasm",
  ".onnx": "application/octet-stream",
};

export interface Served extends AsyncDisposable {
  /** Ends with a slash. */
  readonly url: string;
}

export interface ServeOptions {
  /** Default: any free one. */
  readonly port?: number;
  /** Path the page is published under, `/` or `/some/where/`. */
  readonly base?: string;
}

/** Rejects when the port is taken. */
export const servePage = async (folder: string, { port = 0, base = "/" }: ServeOptions = {}): Promise<Served> => {
  const root = realpathSync(folder);
  const server = createServer((request, response) => {
    const file = request.method === "GET" || request.method === "HEAD" ? fileOf(root, base, request.url) : undefined;
    if (file === undefined) {
      response.writeHead(404, { "content-type": "text/plain" }).end("not found");
      return;
    }
    response.writeHead(200, {
      "content-type": TYPES[extname(file)] ?? "application/octet-stream",
      "content-length": statSync(file).size,
    });
    if (request.method === "HEAD") response.end();
    else createReadStream(file).pipe(response);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}${base}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};

/** The file a request names: below `root` even once links are followed. */
const fileOf = (root: string, base: string, url = ""): string | undefined => {
  try {
    const path = decodeURIComponent(new URL(url, "http://page").pathname);
    if (!path.startsWith(base) || path.includes("\0")) return undefined;
    const asked = join(root, path.slice(base.length));
    const file = realpathSync(statSync(asked).isDirectory() ? join(asked, "index.html") : asked);
    return file.startsWith(root + sep) && statSync(file).isFile() ? file : undefined;
  } catch {
    return undefined; // no such file, or no such URL
  }
};
