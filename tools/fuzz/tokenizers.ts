import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { TextTokenizer } from "@precipice/model";
import type { Family } from "./family.ts";
import { madeOfJson } from "./json-family.ts";

const vocab = Object.fromEntries([..." abcdefghij"].map((token, id) => [token === " " ? "Ġ" : token, id]));
const seed = {
  version: "1.0",
  truncation: null,
  padding: null,
  added_tokens: [
    { id: 12, content: "<s>", special: true, single_word: false, lstrip: false, rstrip: false, normalized: false },
  ],
  normalizer: {
    type: "Sequence",
    normalizers: [{ type: "NFC" }, { type: "Replace", pattern: { String: "x" }, content: "a" }],
  },
  pre_tokenizer: {
    type: "Sequence",
    pretokenizers: [
      { type: "Split", pattern: { Regex: "\\p{L}+|\\s" }, behavior: "Isolated", invert: false },
      { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: false },
    ],
  },
  post_processor: null,
  decoder: { type: "ByteLevel" },
  model: { type: "BPE", unk_token: null, vocab: { ...vocab, ab: 11 }, merges: [["a", "b"]] },
};
const words = {
  ...seed,
  pre_tokenizer: { type: "Whitespace" },
  decoder: null,
  model: { type: "WordLevel", vocab, unk_token: "a" },
};

export const tokenizers: Family = {
  name: "tokenizers",
  make: madeOfJson([seed, words]),
  run: async (input, folder) => {
    writeFileSync(join(folder, "tokenizer.json"), input);
    const tokenizer = TextTokenizer.open(folder, { bosId: undefined });
    tokenizer.decode(tokenizer.encode("ab abc <s>, aaaaaaaaaaaaaaaaaaaaaaaa!"));
  },
};
