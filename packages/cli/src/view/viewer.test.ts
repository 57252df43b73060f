/** The server as strangers meet it: raw requests over a socket, so that no client mends a path on the way. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startViewer, type Viewer } from "./viewer.ts";

const folder = mkdtempSync(join(tmpdir(), "precipice-view-"));
const root = join(folder, "root");
const hostile = `</title><script>window.__owned=1</script><img src=x onerror="1">\u202e\u0007`;

const record = (id: string, change: object = {}) => ({
  format: 1,
  id,
  pipeline: "demo",
  file: "p.yaml",
  status: "ok",
  startedAt: "2026-01-01T00:00:00.000Z",
  finishedAt: "2026-01-01T00:00:05.000Z",
  wallSeconds: 5,
  numerics: { provider: "cpu" },
  versions: { precipice: "0.1.0" },
  environment: { platform: "linux-x64", release: "6", cpu: "c", threads: 2, memoryBytes: 1e9, variables: [] },
  nodes: [
    {
      node: "write",
      stage: "demo.write",
      stageVersion: 1,
      state: "done",
      reason: "never ran",
      durationMs: 5000,
      config: { text: hostile },
      inputs: {},
      outputs: {
        lines: { kind: "lines", digest: "0123456789abcdef", path: ".precipice/store/lines/0123456789abcdef" },
      },
    },
  ],
  ...change,
});

const writeRun = (id: string, change?: object, metrics: object = {}): string => {
  const path = join(root, "runs", id);
  mkdirSync(path, { recursive: true });
  const run = record(id, change);
  writeFileSync(join(path, "run.json"), JSON.stringify(run));
  writeFileSync(join(path, "summary.json"), JSON.stringify({ ...run, metrics }));
  return path;
};

let viewer: Viewer;
let port: number;

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const ask = (target: string, { method = "GET", host = `localhost:${port}`, more = "" } = {}): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1");
    const chunks: Array<Buffer> = [];
    socket.on("data", (chunk: Buffer) => chunks.push(chunk));
    socket.on("error", reject);
    socket.on("close", () => {
      const [head = "", ...rest] = Buffer.concat(chunks).toString("utf8").split("\r\n\r\n");
      const [first = "", ...lines] = head.split("\r\n");
      const headers = Object.fromEntries(lines.map((line) => line.toLowerCase().split(": ", 2) as [string, string]));
      resolve({ status: Number(first.split(" ")[1]), headers, body: rest.join("\r\n\r\n") });
    });
    socket.write(`${method} ${target} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n${more}\r\n`);
  });

beforeAll(async () => {
  const path = writeRun("20260101-000000-demo-aaaaaa", {}, { asr: { value: 0.9, ci95: [0.8, 0.95], n: 50 } });
  writeRun(
    "20260102-000000-demo-bbbbbb",
    { startedAt: "2026-01-02T00:00:00.000Z", file: hostile, error: { code: "E_X", message: hostile, remedy: hostile } },
    { asr: { value: 0.1, ci95: [0.05, 0.2], n: 50 }, [hostile]: { value: 2 } },
  );
  mkdirSync(join(root, "runs", "no-run"));
  mkdirSync(join(root, "runs", "00-broken"));
  writeFileSync(join(root, "runs", "00-broken", "run.json"), "{");
  writeFileSync(join(folder, "secret.txt"), "SECRET");
  writeFileSync(join(path, "report.html"), "<p>report");
  writeFileSync(join(path, "program.exe"), "MZ");
  writeFileSync(join(path, "empty.txt"), "");
  mkdirSync(join(path, "figures"));
  writeFileSync(join(path, "figures", "a b.svg"), "<svg/>");
  symlinkSync(join(folder, "secret.txt"), join(path, "link.txt"));
  symlinkSync(folder, join(path, "up"));
  symlinkSync("report.html", join(path, "alias.html"));
  symlinkSync(folder, join(root, "runs", "outside"));
  writeFileSync(join(folder, "run.json"), JSON.stringify(record("outside")));
  mkdirSync(join(root, ".precipice", "store", "lines"), { recursive: true });
  mkdirSync(join(folder, "0123456789abcdef"));
  writeFileSync(join(folder, "0123456789abcdef", "artifact.json"), `{ "secret": "SECRET" }`);
  symlinkSync(join(folder, "0123456789abcdef"), join(root, ".precipice", "store", "lines", "0123456789abcdef"));
  viewer = await startViewer(root, 0);
  port = Number(new URL(viewer.url).port);
});
afterAll(async () => {
  await viewer.close();
  rmSync(folder, { recursive: true });
});

const first = "/runs/20260101-000000-demo-aaaaaa";

describe("viewer", () => {
  it("listens on the loopback alone", () => {
    expect(viewer.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/$/);
  });

  it("lists, opens and compares runs", async () => {
    const list = await ask("/");
    expect(list.status).toBe(200);
    expect(list.body).toContain("20260101-000000-demo-aaaaaa");
    expect(list.body).toContain("unreadable");
    expect(list.body).not.toContain("no-run");
    expect(list.body).not.toContain('"outside"');
    expect(list.body.indexOf("bbbbbb")).toBeLessThan(list.body.indexOf("aaaaaa"));
    const run = await ask(first);
    expect(run.body).toContain("never ran");
    expect(run.body).toContain("[0.8, 0.95]");
    const chosen = await ask("/compare?run=20260102-000000-demo-bbbbbb&run=20260101-000000-demo-aaaaaa");
    expect([chosen.status, chosen.headers["location"]]).toEqual([
      303,
      "/compare?a=20260101-000000-demo-aaaaaa&b=20260102-000000-demo-bbbbbb",
    ]);
    const compared = (await ask(chosen.headers["location"] ?? "")).body;
    expect(compared).toContain("-0.8");
    expect(compared).toContain("apart");
    expect((await ask("/compare?run=20260102-000000-demo-bbbbbb")).status).toBe(400);
    expect((await ask("/compare?a=nothing&b=20260102-000000-demo-bbbbbb")).status).toBe(400);
    expect((await ask("/runs/latest")).headers["location"]).toBe("/runs/20260102-000000-demo-bbbbbb");
    expect((await ask("/runs/00-broken")).body).toContain("cannot be read");
  });

  it("hands out the files of a run, in an origin of their own", async () => {
    const report = await ask(`${first}/files/report.html`);
    expect([report.status, report.body]).toEqual([200, "<p>report"]);
    expect(report.headers["content-security-policy"]).toMatch(
      /^sandbox allow-scripts allow-downloads; default-src 'none'/,
    );
    expect(report.headers["content-security-policy"]).not.toContain("allow-same-origin");
    expect((await ask(`${first}/files/figures/a%20b.svg`)).headers["content-type"]).toBe("image/svg+xml");
    expect((await ask(`${first}/files/alias.html`)).body).toBe("<p>report");
    expect((await ask(`${first}/files/empty.txt`)).status).toBe(200);
    const program = await ask(`${first}/files/program.exe`);
    expect(program.headers).toMatchObject({
      "content-type": "application/octet-stream",
      "content-disposition": "attachment",
    });
    const head = await ask(`${first}/files/report.html`, { method: "HEAD" });
    expect([head.status, head.headers["content-length"], head.body]).toEqual([200, "9", ""]);
  });

  it.each([
    "/files/link.txt",
    "/files/up/secret.txt",
    "/files/up/root/runs/00-broken/run.json",
    "/files/figures",
    "/files/nothing.html",
    "/files/../../../secret.txt",
    "/files/%2e%2e/%2e%2e/%2e%2e/secret.txt",
    "/files/..%2f..%2f..%2fsecret.txt",
    "/files/figures/../../../../secret.txt",
  ])("gives nothing for %s", async (path) => {
    const answer = await ask(first + path);
    expect(answer.status).toBe(404);
    expect(answer.body).not.toContain("SECRET");
  });

  it.each([
    "/runs/outside",
    "/runs/outside/files/secret.txt",
    "/runs/no-run",
    "/runs/..",
    "/../secret.txt",
    "/%2e%2e/secret.txt",
    "/artifacts/lines/0123456789abcdef",
  ])("knows nothing of %s", async (path) => {
    const answer = await ask(path);
    expect(answer.status).toBe(404);
    expect(answer.body).not.toContain("SECRET");
  });

  it("answers to its own name and to reading only", async () => {
    expect((await ask("/", { host: "evil.example" })).status).toBe(421);
    expect((await ask("/", { host: `evil.example:${port}` })).body).not.toContain("aaaaaa");
    const post = await ask("/", { method: "POST", more: "Content-Length: 0\r\n" });
    expect([post.status, post.headers["allow"]]).toEqual([405, "get, head"]);
    expect((await ask("/", { more: "Origin: https://evil.example\r\n" })).status).toBe(403);
    for (const path of ["/", first, "/nothing", `${first}/files/report.html`])
      expect((await ask(path)).headers).toMatchObject({
        "x-content-type-options": "nosniff",
        "cross-origin-resource-policy": "same-origin",
        "referrer-policy": "no-referrer",
        "cache-control": "no-store",
        "content-security-policy": expect.stringContaining("default-src 'none'"),
      });
    const policy = (await ask("/")).headers["content-security-policy"] ?? "";
    expect(policy).not.toContain("unsafe");
    expect(policy).toContain("frame-ancestors 'none'");
  });

  it("shows hostile text and never runs it", async () => {
    for (const path of [
      "/",
      "/runs/20260102-000000-demo-bbbbbb",
      "/compare?a=20260101-000000-demo-aaaaaa&b=20260102-000000-demo-bbbbbb",
      `/compare?a=${encodeURIComponent(hostile)}`,
    ]) {
      const { body } = await ask(path);
      const own = body.slice(0, body.lastIndexOf("<script>"));
      expect(own, path).not.toMatch(/<script|<img|onerror="|\u202e|\u0007/i);
      expect(body, path).toContain("&lt;script&gt;window.__owned=1");
    }
  });

  it("tells what a killed run did, and that it was", async () => {
    const path = writeRun("20260103-000000-demo-cccccc", {
      status: "running",
      finishedAt: null,
      nodes: [{ ...record("").nodes[0], state: "pending", durationMs: undefined }],
    });
    const line = (body: object) => `${JSON.stringify({ at: "2026-01-01T00:00:01.000Z", node: "write", ...body })}\n`;
    writeFileSync(
      join(path, "events.jsonl"),
      line({ type: "node.started", stage: "demo.write", reason: "never ran" }) +
        line({ type: "node.log", message: hostile }),
    );
    const { headers, body } = await ask("/runs/20260103-000000-demo-cccccc/events");
    expect(headers["content-type"]).toContain("text/event-stream");
    const messages = [...body.matchAll(/^event: state\ndata: (.*)$/gm)].map(([, data = ""]) => JSON.parse(data));
    expect(messages[0]).toMatchObject({ whole: true, nodes: [{ node: "write" }] });
    expect(messages.at(-1)).toMatchObject({ status: "killed", nodes: [{ state: "cut off" }] });
    expect(messages[0].log.at(-1)).not.toMatch(/[\u0007\u202e]/);
    expect(body).toContain("event: end");
  });
});
