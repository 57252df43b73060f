/** The server reads below its folder and nothing else, under any path. */
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { expect, it } from "vitest";
import { temporary } from "../../../tests/support/on-disk.ts";
import { servePage } from "./serve.ts";

const root = temporary();
const folder = join(root, "page");
mkdirSync(join(folder, "assets"), { recursive: true });
writeFileSync(join(folder, "index.html"), "the page");
writeFileSync(join(folder, "assets", "a b.js"), "a script");
writeFileSync(join(root, "secret.txt"), "a secret");
mkdirSync(join(root, "page-other"));
writeFileSync(join(root, "page-other", "x.txt"), "a secret too");
symlinkSync(join(root, "secret.txt"), join(folder, "link.txt"));
symlinkSync(root, join(folder, "up"));

/** A path as it is: fetch would tidy it up. */
const get = (base: string, path: string, method = "GET") =>
  new Promise<{ readonly status: number; readonly type: string; readonly text: string }>((resolve, reject) => {
    const { port } = new URL(base);
    request({ host: "127.0.0.1", port, path, method }, (response) => {
      let text = "";
      response.on("data", (chunk) => {
        text += chunk;
      });
      response.on("end", () =>
        resolve({ status: response.statusCode ?? 0, type: response.headers["content-type"] ?? "", text }),
      );
    })
      .on("error", reject)
      .end();
  });

it("serves files with their types, under a path", async () => {
  await using served = await servePage(folder, { base: "/some/where/" });
  expect(served.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/some\/where\/$/);
  expect(await get(served.url, "/some/where/")).toMatchObject({ status: 200, text: "the page" });
  expect((await get(served.url, "/some/where/?x=1")).type).toBe("text/html; charset=utf-8");
  const script = await get(served.url, "/some/where/assets/a%20b.js");
  expect(script).toEqual({ status: 200, type: "text/javascript; charset=utf-8", text: "a script" });
  expect(await get(served.url, "/some/where/", "HEAD")).toMatchObject({ status: 200, text: "" });
});

it.each([
  "/../secret.txt",
  "/..%2fsecret.txt",
  "/%2e%2e/secret.txt",
  "/assets/..%2f..%2fsecret.txt",
  "/..%5csecret.txt",
  "/../page-other/x.txt",
  "//etc/passwd",
  "/link.txt",
  "/up/secret.txt",
  "/assets",
  "/nothing",
  "/%00",
  "/%",
])("has no %s", async (path) => {
  await using served = await servePage(folder);
  expect(await get(served.url, path)).toEqual({ status: 404, type: "text/plain", text: "not found" });
});

it("only reads", async () => {
  await using served = await servePage(folder);
  for (const method of ["POST", "PUT", "DELETE"]) expect((await get(served.url, "/", method)).status).toBe(404);
});
