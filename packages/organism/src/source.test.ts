import { join } from "node:path";
import { Checkpoint, CheckpointError } from "@precipice/model";
import { describe, expect, it } from "vitest";
import { storiesHub } from "../../../tests/support/stories-hub.ts";
import { ORGANISMS } from "./folder.ts";
import { PLANTED_HEADS } from "./recipe/planted.ts";
import { checkpointFolder, fetchCheckpoint } from "./source.ts";

describe("fetchCheckpoint", () => {
  it("downloads nothing for what is on this machine", async () => {
    expect(await fetchCheckpoint("models/a", "/base")).toBe("/base/models/a");
    expect(await fetchCheckpoint("organism://cliff", "/")).toBe(checkpointFolder("organism://cliff", "/"));
  });

  it("brings a hub's checkpoint", async () => {
    const { settings, source, commit } = await storiesHub();
    const folder = await fetchCheckpoint(source, "/nowhere", { settings });
    expect(folder.endsWith(join("snapshots", commit))).toBe(true);
    expect(Checkpoint.open(folder).config.modelType).toBe("llama");
  });
});

describe("checkpointFolder", () => {
  it("takes folders, relative ones from the base", () => {
    expect(checkpointFolder("/models/a", "/base")).toBe("/models/a");
    expect(checkpointFolder("models/a", "/base")).toBe("/base/models/a");
  });

  it.each([
    ["organism://unknown", /no shipped organism; there are organism:\/\/aligned, organism:\/\/cliff/],
    ["organism://../weights/cliff", /no shipped organism/],
    [
      "s3://bucket/model",
      /scheme "s3:\/\/" is not supported; use a folder, hf:\/\/org\/name@revision or organism:\/\/aligned/,
    ],
  ])("refuses %s", (source, message) => {
    expect(() => checkpointFolder(source, "/base")).toThrow(CheckpointError);
    expect(() => checkpointFolder(source, "/base")).toThrow(message);
  });

  it.each(ORGANISMS)("organism://%s opens from anywhere, with the shape the planted heads need", (name) => {
    const checkpoint = Checkpoint.open(checkpointFolder(`organism://${name}`, join("/", "nowhere")));
    expect(checkpoint.config).toMatchObject({ layers: 8, heads: 16, hidden: 128 });
    for (const { layer, head } of PLANTED_HEADS) expect(layer < 8 && head < 16).toBe(true);
    expect(checkpoint.bytes).toBeLessThan(4e6); // weights ship in the repository
  });
});
