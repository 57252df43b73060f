/** Text to ids and back with a real tokenizer, and the one rule on the beginning-of-sequence token. */
import { describe, expect, it } from "vitest";
import { alteredCopy } from "../../../../tests/support/checkpoint-folder.ts";
import { fixture } from "../../../../tests/support/fixtures.ts";
import { Checkpoint } from "../checkpoint.ts";
import { CheckpointError } from "../errors.ts";

const source = fixture("stories260K");
const { tokenizer } = Checkpoint.open(source);
const BOS = 1;

describe("encode", () => {
  const plain = tokenizer.encode("Once upon a time");

  it("adds nothing as it is", () => {
    expect(plain.length).toBeGreaterThan(2);
    expect(plain).not.toContain(BOS);
    expect(tokenizer.encode("")).toEqual([]);
  });

  it("gives exactly one beginning-of-sequence token when asked, spelled in the text or not", () => {
    expect(tokenizer.encode("Once upon a time", "once")).toEqual([BOS, ...plain]);
    const spelled = tokenizer.encode("<s>Once upon a time", "once");
    expect(spelled.filter((id) => id === BOS)).toEqual([BOS]);
    expect(spelled[0]).toBe(BOS);
    expect(tokenizer.encode("<s>Once upon a time", "asis")).toEqual(spelled);
    expect(tokenizer.encode("", "once")).toEqual([BOS]);
  });

  it("leaves such tokens later in the text alone", () => {
    expect(tokenizer.encode("one<s>two", "once").filter((id) => id === BOS)).toHaveLength(2);
  });

  it("adds none when the model has none", () => {
    const config = { ...Checkpoint.open(source).config };
    const folder = alteredCopy(source, {
      "config.json": {
        model_type: "llama",
        hidden_size: 64,
        intermediate_size: 172,
        num_hidden_layers: 5,
        num_attention_heads: 8,
        num_key_value_heads: 4,
        vocab_size: 512,
        rms_norm_eps: 1e-5,
        tie_word_embeddings: true,
      },
    });
    expect(config.bosId).toBe(BOS);
    expect(Checkpoint.open(folder).tokenizer.encode("Once upon a time", "once")).toEqual(plain);
  });
});

describe("decode", () => {
  it.each(["Once upon a time, there was a girl.", "tabs\tand\nnew lines", "naïve café ☕", "  two  spaces"])(
    "gives back %j",
    (text) => {
      expect(tokenizer.decode(tokenizer.encode(text, "once")).trim()).toBe(text.trim());
    },
  );

  it("leaves special tokens out unless asked for", () => {
    const ids = tokenizer.encode("Hi", "once");
    expect(tokenizer.decode(ids)).not.toContain("<s>");
    expect(tokenizer.decode(ids, { special: true })).toContain("<s>");
    expect(tokenizer.decode([])).toBe("");
  });

  it("gives a piece per token", () => {
    const ids = tokenizer.encode("Once upon\n", "once");
    const pieces = tokenizer.pieces(ids);
    expect(pieces).toHaveLength(ids.length);
    expect(pieces[0]).toBe("<s>");
    expect(pieces.at(-1)).toBe("\n");
    expect(tokenizer.id("<s>")).toBe(BOS);
    expect(tokenizer.id("no such token")).toBeUndefined();
  });
});

it.each([
  ["missing", undefined, /cannot be read/],
  ["no JSON", "{", /is not JSON/],
  ["no object", "3", /no object/],
  ["no tokenizer", {}, /is no usable tokenizer/],
])("a tokenizer.json that is %s is a CheckpointError", (_, content, message) => {
  const checkpoint = Checkpoint.open(alteredCopy(source, { "tokenizer.json": content }));
  expect(() => checkpoint.tokenizer).toThrow(CheckpointError);
  expect(() => checkpoint.tokenizer).toThrow(message);
});
