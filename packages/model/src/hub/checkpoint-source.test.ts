import { lstatSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { tempFolder } from "../../../../tests/support/checkpoint-folder.ts";
import { STORIES, storiesFiles, storiesHub } from "../../../../tests/support/stories-hub.ts";
import { Checkpoint } from "../checkpoint.ts";
import { Generator } from "../generation/generator.ts";
import { writeSafetensors } from "../weights/safetensors.ts";
import { fetchHubCheckpoint, findHubCheckpoint, hubCheckpointBytes } from "./checkpoint-source.ts";

const NEEDED = [
  "config.json",
  "generation_config.json",
  "model.safetensors",
  "tokenizer.json",
  "tokenizer_config.json",
];

describe("a checkpoint from a hub", () => {
  it("comes into the Hugging Face cache, needed files only, and generates", async () => {
    const { settings, source, commit } = await storiesHub();
    const seen: [number, number][] = [];
    const { folder } = await fetchHubCheckpoint(source, {
      settings,
      onProgress: (done, total) => seen.push([done, total]),
    });
    const repo = join(settings.cacheDir, "models--stories--small-260k");
    expect(folder).toBe(join(repo, "snapshots", commit));
    expect(readdirSync(folder).sort()).toEqual(NEEDED);
    expect(readFileSync(join(repo, "refs/main"), "utf8")).toBe(commit);
    expect(readdirSync(join(repo, "blobs")).every((name) => /^([0-9a-f]{40}|[0-9a-f]{64})$/.test(name))).toBe(true);
    for (const name of NEEDED) {
      expect(readlinkSync(join(folder, name))).toMatch(/^\.\.\/\.\.\/blobs\/[0-9a-f]+$/);
      expect(readFileSync(join(folder, name)).equals(storiesFiles()[name] as Buffer)).toBe(true);
    }
    const bytes = NEEDED.reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
    expect(seen.at(-1)).toEqual([bytes, bytes]);
    expect(seen.every(([done], i) => i === 0 || done >= (seen[i - 1]?.[0] ?? 0))).toBe(true);
    expect(await hubCheckpointBytes(source, { settings })).toBe(bytes);

    const checkpoint = Checkpoint.open(folder);
    await using generator = await Generator.open(checkpoint, { workers: 1, threads: 1, batch: 1, maxTokens: 64 });
    const ids = checkpoint.tokenizer.encode("Once upon a time", "once");
    const [row] = await generator.generate([{ ids, seed: 0 }], { maxNewTokens: 12, sampling: { temperature: 0 } });
    const local = Checkpoint.open(join(import.meta.dirname, "../../../../tests/corpus/stories260K"));
    await using reference = await Generator.open(local, { workers: 1, threads: 1, batch: 1, maxTokens: 64 });
    const [expected] = await reference.generate([{ ids, seed: 0 }], { maxNewTokens: 12, sampling: { temperature: 0 } });
    expect(row?.ids).toEqual(expected?.ids);
    expect(row?.ids).toHaveLength(12);
  });

  it("asks the hub for the commit only when a branch is cached, and for nothing when a commit is", async () => {
    const { hub, settings, source, commit } = await storiesHub();
    const { folder } = await fetchHubCheckpoint(source, { settings });
    hub.requests.length = 0;
    expect(await fetchHubCheckpoint(`${source}@${commit}`, { settings })).toMatchObject({ folder, cached: true });
    expect(hub.requests).toEqual([]);
    // another cache folder stands for another process: it has no memory of the branch
    const other = { ...settings, cacheDir: `${settings.cacheDir}/.` };
    expect(await fetchHubCheckpoint(source, { settings: other })).toMatchObject({ commit, cached: true });
    expect(hub.requests.map(({ url }) => url.split("?")[0])).toEqual([`/api/models/${STORIES}/revision/main`]);
  });

  it("keeps to the commit it found, though the branch moves", async () => {
    const { hub, settings, source, commit } = await storiesHub();
    expect(await findHubCheckpoint(source, { settings })).toMatchObject({ commit, cached: false });
    const later = hub.add(STORIES, { files: { ...storiesFiles(), "README.md": "new" } });
    expect((await fetchHubCheckpoint(source, { settings })).commit).toBe(commit);
    const afterwards = { ...settings, cacheDir: `${settings.cacheDir}/.` };
    expect((await findHubCheckpoint(source, { settings: afterwards })).commit).toBe(later);
  });

  it("downloads unchanged files of another commit no second time", async () => {
    const { hub, settings, source } = await storiesHub();
    await fetchHubCheckpoint(source, { settings });
    const config = { ...JSON.parse(String(storiesFiles()["config.json"])), note: "edited" };
    const later = hub.add(STORIES, { files: { ...storiesFiles(), "config.json": JSON.stringify(config) } });
    hub.requests.length = 0;
    const { folder } = await fetchHubCheckpoint(`${source}@${later}`, { settings });
    expect(hub.contentRequests("config.json")).toHaveLength(1);
    expect(hub.contentRequests("model.safetensors")).toEqual([]);
    expect(JSON.parse(readFileSync(join(folder, "config.json"), "utf8")).note).toBe("edited");
  });

  it("offline, uses refs and snapshots, and says what is missing", async () => {
    const { hub, settings, source, commit } = await storiesHub();
    const { folder } = await fetchHubCheckpoint(source, { settings });
    hub.requests.length = 0;
    const offline = { ...settings, offline: true, cacheDir: `${settings.cacheDir}/.` };
    expect(await fetchHubCheckpoint(source, { settings: offline })).toMatchObject({ commit, cached: true });
    for (const missing of [`${source}@v2`, "hf://stories/other", `${source}@${"0".repeat(40)}`])
      await expect(fetchHubCheckpoint(missing, { settings: offline })).rejects.toMatchObject({
        code: "E_HUB_OFFLINE",
        remedy: expect.stringContaining("HF_HUB_OFFLINE"),
      });
    rmSync(join(folder, "model.safetensors"));
    const shards = { a: "model-00001-of-00002.safetensors", b: "model-00002-of-00002.safetensors" };
    for (const lacking of ["model.safetensors or model.safetensors.index.json", `${shards.b} missing`]) {
      await expect(fetchHubCheckpoint(source, { settings: offline })).rejects.toMatchObject({
        code: "E_HUB_OFFLINE",
        problem: expect.stringContaining(lacking),
      });
      writeFileSync(join(folder, "model.safetensors.index.json"), JSON.stringify({ weight_map: shards }));
      writeFileSync(join(folder, shards.a), "x");
    }
    expect(hub.requests).toEqual([]);
  });

  it("uses the cached commit, and says so, when the hub cannot be reached", async () => {
    const { hub, settings, source, commit } = await storiesHub();
    await fetchHubCheckpoint(source, { settings });
    await hub[Symbol.asyncDispose]();
    const notices: string[] = [];
    const options = {
      settings: { ...settings, cacheDir: `${settings.cacheDir}/.` },
      onNotice: (message: string) => void notices.push(message),
    };
    expect(await fetchHubCheckpoint(source, options)).toMatchObject({ commit, cached: true });
    expect(notices.at(-1)).toContain(`using commit ${commit}`);
    await expect(fetchHubCheckpoint("hf://stories/other", options)).rejects.toMatchObject({ code: "E_HUB_NETWORK" });
  });

  it("brings shards and their index, and no shard that the index does not name", async () => {
    const { hub, settings } = await storiesHub();
    const { "model.safetensors": weights, ...rest } = storiesFiles();
    const whole = Checkpoint.open(join(import.meta.dirname, "../../../../tests/corpus/stories260K"));
    const names = [...whole.weights.keys()].sort();
    const half = names.length >> 1;
    const parts = [names.slice(0, half), names.slice(half)];
    const folder = tempFolder();
    const shards = parts.map((part, i) => {
      const name = `model-0000${i + 1}-of-00002.safetensors`;
      const tensor = (of: string) => ({ shape: [...(whole.weights.get(of)?.shape ?? [])], data: whole.floats(of) });
      writeSafetensors(join(folder, name), Object.fromEntries(part.map((of) => [of, tensor(of)])));
      return [name, readFileSync(join(folder, name))] as const;
    });
    expect(weights?.length).toBeGreaterThan(0);
    const weight_map = Object.fromEntries(parts.flatMap((part, i) => part.map((name) => [name, shards[i]?.[0]])));
    hub.add("stories/sharded", {
      files: {
        ...rest,
        ...Object.fromEntries(shards),
        "model.safetensors.index.json": JSON.stringify({ weight_map }),
        "consolidated.safetensors": Buffer.alloc(30_000),
      },
    });
    const found = await fetchHubCheckpoint("hf://stories/sharded", { settings });
    expect(
      readdirSync(found.folder)
        .filter((name) => name.includes("safetensors"))
        .sort(),
    ).toEqual([...shards.map(([name]) => name), "model.safetensors.index.json"]);
    expect(Checkpoint.open(found.folder).weights.size).toBe(names.length);
    const total = readdirSync(found.folder).reduce((sum, name) => sum + statSync(join(found.folder, name)).size, 0);
    expect(await hubCheckpointBytes("hf://stories/sharded", { settings })).toBe(total);
  });

  it("uses hard links where there can be no symbolic ones", async () => {
    const { settings, source } = await storiesHub();
    const { folder } = await fetchHubCheckpoint(source, { settings: { ...settings, symlinks: false } });
    const weights = lstatSync(join(folder, "model.safetensors"));
    expect([weights.isFile(), weights.nlink]).toEqual([true, 2]);
    expect(Checkpoint.open(folder).config.modelType).toBe("llama");
  });

  it("brings further files when asked", async () => {
    const { settings, source, hub } = await storiesHub();
    await fetchHubCheckpoint(source, { settings });
    hub.requests.length = 0;
    const { folder } = await fetchHubCheckpoint(source, { settings, also: ["README.md", "absent.txt"] });
    expect(readFileSync(join(folder, "README.md"), "utf8")).toContain("small stories");
    expect(hub.contentRequests("model.safetensors")).toEqual([]);
  });

  it.each([
    [
      "no safetensors",
      "model.safetensors",
      /has no model\.safetensors, only pytorch_model\.bin, model\.gguf/,
      /safetensors weights/,
    ],
    ["no tokenizer.json", "tokenizer.json", /has no tokenizer\.json/, /fast tokenizer/],
    ["no config.json", "config.json", /has no config\.json/, /layout of transformers/],
  ])("refuses a repository with %s before any download", async (_, file, problem, remedy) => {
    const { hub, settings } = await storiesHub();
    const { [file]: _left, ...files } = storiesFiles();
    hub.add("stories/partial", { files });
    await expect(fetchHubCheckpoint("hf://stories/partial", { settings })).rejects.toMatchObject({
      code: "E_HUB_FILE",
      problem: expect.stringMatching(problem),
      remedy: expect.stringMatching(remedy),
    });
    expect(hub.requests.filter(({ url }) => url.includes("/resolve/"))).toEqual([]);
  });

  it("refuses an index that names files elsewhere", async () => {
    const { hub, settings } = await storiesHub();
    const { "model.safetensors": _, ...files } = storiesFiles();
    for (const shard of ["../../../x.safetensors", "missing.safetensors"]) {
      const index = JSON.stringify({ weight_map: { a: shard } });
      hub.add("stories/lying", { files: { ...files, "model.safetensors.index.json": index } });
      const lying = fetchHubCheckpoint("hf://stories/lying", { settings: { ...settings, cacheDir: tempFolder() } });
      await expect(lying).rejects.toMatchObject({ code: "E_HUB_FILE" });
    }
  });

  it("refuses a tree whose paths or checksums would leave the cache", async () => {
    const { hub, settings, source } = await storiesHub();
    for (const lie of [{ path: "../../x" }, { path: "a/../../x" }, { oid: "../../../x", lfs: undefined }]) {
      hub.listed = (entry) => ({ ...entry, ...(entry.path === "config.json" ? lie : {}) });
      await expect(fetchHubCheckpoint(source, { settings })).rejects.toMatchObject({ code: "E_HUB_STATUS" });
    }
  });

  it("says before the first byte that the disk is too small", async () => {
    const { hub, settings, source } = await storiesHub();
    hub.listed = (entry) =>
      entry.path === "model.safetensors" ? { ...entry, size: 4e15, lfs: { oid: "a".repeat(64), size: 4e15 } } : entry;
    await expect(fetchHubCheckpoint(source, { settings })).rejects.toMatchObject({
      code: "E_HUB_DISK",
      problem: expect.stringMatching(/needs 4\.00e\+6 GB, but .* has room for/),
      remedy: expect.stringContaining("HF_HUB_CACHE"),
    });
    expect(hub.contentRequests("model.safetensors")).toEqual([]);
  });

  it("downloads a damaged snapshot's file again", async () => {
    const { settings, source, commit } = await storiesHub();
    const { folder } = await fetchHubCheckpoint(source, { settings });
    const blob = join(folder, readlinkSync(join(folder, "tokenizer.json")));
    writeFileSync(blob, "cut");
    rmSync(join(folder, "tokenizer.json"));
    await fetchHubCheckpoint(`${source}@${commit}`, { settings });
    expect(readFileSync(join(folder, "tokenizer.json")).equals(storiesFiles()["tokenizer.json"] as Buffer)).toBe(true);
  });

  it("is no place for a dataset", async () => {
    const { settings } = await storiesHub();
    await expect(fetchHubCheckpoint("hf://datasets/a/b", { settings })).rejects.toMatchObject({
      code: "E_HUB_REFERENCE",
      remedy: expect.stringContaining("data.prompts"),
    });
  });
});
