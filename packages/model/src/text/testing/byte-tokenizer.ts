/** Test support only: byte-level BPE tokenizers made to measure, as `tokenizer.json`. */

/** GPT-2's printable stand-in for each byte. */
const CHAR_OF_BYTE: ReadonlyArray<string> = (() => {
  const plain = (b: number) => (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || (b >= 174 && b <= 255);
  let next = 256;
  return Array.from({ length: 256 }, (_, b) => String.fromCharCode(plain(b) ? b : next++));
})();

export const spelled = (bytes: Uint8Array): string => Array.from(bytes, (b) => CHAR_OF_BYTE[b]).join("");

export interface ByteTokenizerOptions {
  /** Tokens beside the 256 single bytes. */
  readonly tokens?: ReadonlyArray<string>;
  readonly merges?: ReadonlyArray<readonly [string, string]>;
  /** Tokens that text is cut at first. */
  readonly added?: ReadonlyArray<{
    readonly content: string;
    readonly special: boolean;
    readonly single_word?: boolean;
    readonly lstrip?: boolean;
    readonly rstrip?: boolean;
    readonly normalized?: boolean;
  }>;
  readonly normalizer?: object;
  /** Token the post-processor puts in front; one of `added`. */
  readonly prefix?: string;
}

/** Ids: single bytes first (0–255), then `tokens` without those they hold already, then `added`. */
export const byteTokenizer = ({ tokens = [], merges = [], added = [], prefix, normalizer }: ByteTokenizerOptions) => {
  const vocab = Object.fromEntries(
    [...new Set([...CHAR_OF_BYTE, ...tokens, ...merges.map((m) => m.join(""))])].map((token, id) => [token, id]),
  );
  const base = Object.keys(vocab).length;
  const addedTokens = added.map((token, i) => ({
    id: base + i,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    ...token,
  }));
  const idOf = (content: string) => addedTokens.find((token) => token.content === content)?.id;
  return {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: addedTokens,
    normalizer: normalizer ?? null,
    // as in newer tokenizers, line breaks go with the punctuation before them
    pre_tokenizer: {
      type: "Sequence",
      pretokenizers: [
        {
          type: "Split",
          pattern: { Regex: "[\\p{L}\\p{N}]+|[^\\s\\p{L}\\p{N}]+[\\r\\n]*|[\\r\\n]+|\\s" },
          behavior: "Isolated",
          invert: false,
        },
        { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: false },
      ],
    },
    post_processor:
      prefix === undefined
        ? null
        : {
            type: "TemplateProcessing",
            single: [{ SpecialToken: { id: prefix, type_id: 0 } }, { Sequence: { id: "A", type_id: 0 } }],
            pair: [],
            special_tokens: { [prefix]: { id: prefix, ids: [idOf(prefix)], tokens: [prefix] } },
          },
    decoder: { type: "ByteLevel", add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: {
      type: "BPE",
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      vocab,
      merges: merges.map((m) => m.join(" ")),
    },
  };
};
