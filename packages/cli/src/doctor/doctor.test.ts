import { chmodSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { cli, folderWith } from "../fixtures/process.ts";
import { networkCheck, tokenCheck } from "./hub.ts";
import { memoryCheck, nodeCheck, writableCheck } from "./machine.ts";

describe("the machine", () => {
  it("an old Node and too little memory are problems with a remedy", () => {
    expect(["20.20.2", "22.18.0", "22.19.0", "26.0.0"].map((version) => nodeCheck(version).status)).toEqual([
      "problem",
      "problem",
      "ok",
      "ok",
    ]);
    expect(memoryCheck(4e9, 8e9)).toEqual({ name: "memory", status: "ok", found: "4.00 GB available of 8.00 GB" });
    expect(memoryCheck(1e9, 8e9)).toMatchObject({ status: "problem", remedy: expect.stringContaining("1.50 GB") });
  });

  it("a folder that is not there is writable when it can be made, and is not left behind", async () => {
    const folder = join(folderWith(""), "a", "b");
    expect(await writableCheck("cache", folder, "x")).toEqual({ name: "cache", status: "ok", found: folder });
    expect(existsSync(join(folder, ".."))).toBe(false);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "mine"), "");
    await writableCheck("cache", folder, "x");
    expect(existsSync(join(folder, "mine"))).toBe(true);
  });

  it("a folder below a file cannot be written", async () => {
    const file = join(folderWith(""), "p.yaml");
    chmodSync(file, 0o644);
    const check = await writableCheck("store", join(file, "store"), "Give another folder.");
    expect(check).toMatchObject({ status: "problem", found: expect.stringMatching(/ENOTDIR|EEXIST|ENOENT/) });
    expect(check.remedy).toBe("Give another folder.");
  });
});

describe("the hub", () => {
  it("is asked without the token, not at all when offline, and missing is only a note", async () => {
    const seen: Array<string | undefined> = [];
    const server = createServer((request, response) => {
      seen.push(request.headers.authorization);
      response.writeHead(401).end();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void server.close());
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    expect(await networkCheck({ endpoint, offline: false })).toMatchObject({
      status: "ok",
      found: `${endpoint} answers (HTTP 401)`,
    });
    expect(await networkCheck({ endpoint, offline: true })).toMatchObject({ status: "ok", found: "off, as asked" });
    expect(seen).toEqual([undefined]);
    const nobody = await networkCheck({ endpoint: "http://127.0.0.1:1", offline: false });
    expect(nobody).toMatchObject({ status: "note", remedy: expect.stringContaining("organism://") });
    expect(JSON.stringify(tokenCheck({ token: "hf_secret" }))).not.toContain("secret");
  });
});

describe("precipice doctor", () => {
  it("says for programs and for people that all is here", async () => {
    const folder = folderWith("");
    const { code, stdout } = await cli(folder, "doctor", "--json");
    const { ok, checks } = JSON.parse(stdout) as {
      ok: boolean;
      checks: ReadonlyArray<{ name: string; status: string }>;
    };
    expect([code, ok]).toEqual([0, true]);
    const names = ["node", "onnxruntime", "webgpu", "cuda", "organism", "threads", "memory", "disk", "store", "cache"];
    expect(checks.map(({ name }) => name)).toEqual([...names, "hub cache", "network", "hub token", "python"]);
    expect(checks.filter(({ status }) => status === "problem")).toEqual([]);
    expect(existsSync(join(folder, ".precipice"))).toBe(false);
  });

  it("fails with what to do when something needed is not there", async () => {
    const folder = folderWith("");
    writeFileSync(join(folder, ".precipice"), "a file where the store should be");
    const { code, stdout } = await cli(folder, "doctor");
    expect(code).toBe(1);
    expect(stdout).toMatch(/^✗ store +\S+\.precipice cannot be written: \w+\n +Give another folder: --root FOLDER\.$/m);
    expect(stdout).toMatch(/^✓ onnxruntime +1\.30\.0, computes on the CPU$/m);
    expect(stdout).toMatch(/\n1 to mend: see ✗\.\n$/);
  });
});
