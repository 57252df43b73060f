import { StageError } from "@precipice/runtime";
import { describe, expect, it } from "vitest";
import { convertedFiles, splitFiles } from "./dataset-files.ts";

const card = (configs: string) => `---\nlicense: mit\nconfigs:\n${configs}\n---\n# A data set\n`;
const find = (paths: string[], text?: string, config?: string, split = "train") => {
  const found = splitFiles("hf://datasets/a/b@main", paths, [text], config, split);
  if (found instanceof StageError) throw found;
  return found;
};

describe("files by the data set's card", () => {
  const two = card(
    '- config_name: garden\n  data_files:\n  - split: train\n    path: data/garden-*\n  - split: test\n    path: [data/g_test.csv]\n- config_name: kitchen\n  data_files: kitchen.jsonl\n  sep: "\\t"',
  );
  const paths = [
    "data/garden-0.csv",
    "data/garden-1.csv",
    "data/g_test.csv",
    "kitchen.jsonl",
    "other.csv",
    "README.md",
  ];

  it("finds config and split, files in order", () => {
    expect(find(paths, two, "garden")).toMatchObject({
      config: "garden",
      split: "train",
      paths: ["data/garden-0.csv", "data/garden-1.csv"],
    });
    expect(find(paths, two, "garden", "test")?.paths).toEqual(["data/g_test.csv"]);
    expect(find(paths, two, "kitchen")).toMatchObject({
      config: "kitchen",
      split: "train",
      paths: ["kitchen.jsonl"],
      delimiter: "\t",
    });
  });

  it("takes the default config, and else wants one chosen", () => {
    const withDefault = card(
      "- config_name: a\n  data_files: a.csv\n- config_name: b\n  default: true\n  data_files: b.csv",
    );
    expect(find(["a.csv", "b.csv"], withDefault)?.config).toBe("b");
    expect(find(["a.csv"], card("- config_name: a\n  data_files: a.csv"))?.config).toBe("a");
    expect(() => find(paths, two)).toThrow(/several configs, and none was chosen: garden, kitchen/);
  });

  it("names what there is, and the nearest", () => {
    expect(() => find(paths, two, "gardn")).toThrow(
      expect.objectContaining({
        code: "E_DATASET",
        message: 'hf://datasets/a/b@main: has no config "gardn"; there are garden, kitchen',
        remedy: 'Did you mean "garden"?',
      }),
    );
    expect(() => find(paths, two, "garden", "tset")).toThrow(
      expect.objectContaining({
        message: expect.stringContaining('split of config "garden" "tset"; there are train, test'),
      }),
    );
  });

  it.each([
    ["data/**", ["data/b.csv", "data/x/y/a.csv"]],
    ["data/**/a.csv", ["data/x/y/a.csv"]],
    ["data/*.csv", ["data/b.csv"]],
    ["./data/?.csv", ["data/b.csv"]],
    ["[xy].[c]sv", ["x.csv"]],
    ["{x,y}.csv", []],
    ["z+(1).csv", ["z+(1).csv"]],
    ["x{a}.csv", []],
  ])("pattern %s", (pattern, expected) => {
    const all = ["data/x/y/a.csv", "data/b.csv", "x.csv", "y.tsv", "z.csv", "z+(1).csv"];
    expect(find(all, card(`- config_name: a\n  data_files: "${pattern}"`))?.paths ?? []).toEqual(expected);
  });

  it("says when the card is broken", () => {
    expect(() => find(["a.csv"], "---\nconfigs: [\n---\n")).toThrow(/README\.md: its header is no YAML/);
  });
});

describe("files by their names", () => {
  it.each([
    [
      ["data/train-00000-of-00002.parquet", "data/train-00001-of-00002.parquet", "data/test-0.parquet"],
      undefined,
      "train",
      2,
    ],
    [["data/train-0.parquet", "data/test-0.parquet"], undefined, "test", 1],
    [["default/train/0000.parquet", "default/test/0000.parquet"], "default", "test", 1],
    [["data/train_sft-00000-of-00002.parquet", "data/test_sft-00000-of-00001.parquet"], undefined, "test_sft", 1],
    [["STAR-1.json", "README.md", ".gitattributes", "dataset_infos.json"], undefined, "train", 1],
    [["a/dev.jsonl"], undefined, "validation", 1],
  ])("%j, config %s, split %s", (paths, config, split, count) => {
    expect(find(paths, undefined, config, split)?.paths).toHaveLength(count);
  });

  it("fails where config or split are none of the names", () => {
    expect(() => find(["x/train.csv"], undefined, "y")).toThrow(/no config "y"; there are default/);
    expect(() => find(["x/train.csv"], undefined, undefined, "test")).toThrow(/no split "test"; there are train/);
  });

  it("is nothing where no file has a known format, and an error where none is read here", () => {
    expect(find(["data.bin", "README.md"])).toBeUndefined();
    expect(() => find(["data.zip", "README.md"])).toThrow(/read as zip \(data\.zip\), which is not supported/);
    expect(() => find(["data.zip"], card("- config_name: a\n  data_files: data.zip"))).toThrow(/not supported/);
  });
});

describe("files of a conversion", () => {
  const find = (paths: string[], config?: string, split = "train") =>
    convertedFiles("hf://datasets/a/b@refs/convert/parquet", paths, config, split);

  it.each([
    [["default/train_sft/0000.parquet", "default/test_sft/0000.parquet"], "default", "train_sft", 1],
    [["a/train/0000.parquet", "a/train/0001.parquet"], undefined, "train", 2],
    [["a/train/0000.parquet", "default/train/0000.parquet"], undefined, "train", 1],
    [["a/partial-train/0000.parquet"], "a", "train", 1],
  ])("%j, config %s, split %s", (paths, config, split, count) => {
    expect(find(paths, config, split)?.paths).toHaveLength(count);
  });

  it("names configs and splits", () => {
    expect(() => find(["a/train/0.parquet", "b/train/0.parquet"])).toThrow(/none was chosen: a, b/);
    expect(() => find(["a/train/0.parquet"], "a", "test")).toThrow(/no split of config "a" "test"; there are train/);
  });
});
