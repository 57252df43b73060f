import { createServer } from "node:net";
import { expect, it, onTestFinished } from "vitest";
import { cli, folderWith, start } from "../fixtures/process.ts";

it("view answers where it says, ends with Ctrl-C, and says when its port is taken", async () => {
  const folder = folderWith("version: 1\nname: none\nnodes: {}\n");
  const { child, finished, saw } = start(folder, "view", "--port", "0", "--json");
  onTestFinished(() => void child.kill("SIGKILL"));
  let stdout = "";
  child.stdout?.on("data", (chunk) => {
    stdout += chunk;
  });
  await saw('"url"');
  const { url, root } = JSON.parse(stdout);
  expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/$/);
  expect(root).toBe(folder);
  const page = await fetch(url);
  expect([page.status, await page.text()]).toEqual([200, expect.stringContaining("Nothing was run here yet")]);
  // a page that follows must not keep it from ending
  const stream = await fetch(new URL("/changes", url));
  expect(stream.headers.get("content-type")).toContain("text/event-stream");
  child.kill("SIGINT");
  expect((await finished).code).toBe(130);
  await stream.text().catch(() => "cut off");

  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void taken.close());
  const { port } = taken.address() as { readonly port: number };
  const refused = await cli(folder, "view", "--port", String(port));
  expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining("E_VIEW_PORT")]);
});
