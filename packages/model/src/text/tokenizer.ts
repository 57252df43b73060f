/** Text to token ids and back, by the checkpoint's own `tokenizer.json`. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { Tokenizer } from "@huggingface/tokenizers";
import type { DecoderConfig } from "../architecture/config.ts";
import { readJson } from "../architecture/index.ts";
import { CheckpointError } from "../errors.ts";
import { PatternWatch } from "./patterns.ts";
import { specialTokens } from "./special-tokens.ts";
import { wholeWords } from "./whole-words.ts";

/** Text that is no UTF-8 never ends with a whole character: after this many tokens it is taken as it is. */
const MAX_OPEN_TOKENS = 256;

/**
 * When ids start with the beginning-of-sequence token: `asis` where the text spells it, as chat templates do; `auto` also where the
 * tokenizer adds one to every text, never twice; `once` wherever the tokenizer has such a token.
 */
export type BosRule = "asis" | "auto" | "once";

/** The tokenizer of a checkpoint. */
export class TextTokenizer {
  readonly #tokenizer: Tokenizer;
  readonly #watch: { readonly encoding: PatternWatch; readonly decoding: PatternWatch };
  /**
   * Beginning-of-sequence token: what the tokenizer's post-processor puts in front, else its declared `bos_token`, else
   * (where the tokenizer says nothing of one) `bos_token_id` of `config.json`, which in some checkpoints names another token.
   */
  readonly bosId: number | undefined;
  /** Does the tokenizer start every text with that token? */
  readonly addsBos: boolean;
  readonly #added: ReadonlySet<number>;
  readonly #special: ReadonlySet<number>;
  /** The token that `tokenizer_config.json` or `special_tokens_map.json` calls `eos_token`. */
  readonly eosId: number | undefined;
  /** Without a decoder tokens are words, and text is words with blanks between. */
  readonly isWordLevel: boolean;

  private constructor(
    tokenizer: Tokenizer,
    watch: { readonly encoding: PatternWatch; readonly decoding: PatternWatch },
    config: Readonly<Record<string, unknown>>,
    tokens: Readonly<Record<string, string>>,
    bosId: number | undefined,
  ) {
    this.#tokenizer = tokenizer;
    this.#watch = watch;
    this.isWordLevel = tokenizer.decoder === null;
    const added = tokenizer.get_added_tokens_decoder();
    this.#added = new Set(added.keys());
    this.#special = new Set([...added].filter(([, token]) => token.special).map(([id]) => id));
    const prefix = postProcessorPrefix(tokenizer);
    this.bosId = prefix ?? declared(tokenizer, tokens["bos_token"] ?? config["bos_token"], bosId);
    this.eosId = declared(tokenizer, tokens["eos_token"] ?? config["eos_token"], undefined);
    const adds = config["add_bos_token"];
    this.addsBos = this.bosId !== undefined && (typeof adds === "boolean" ? adds : prefix !== undefined);
  }

  /** Throws `CheckpointError` when `tokenizer.json` is missing or broken. */
  static open(folder: string, config: Pick<DecoderConfig, "bosId">): TextTokenizer {
    const configFile = join(folder, "tokenizer_config.json");
    const tokenizerConfig = existsSync(configFile) ? readJson(configFile) : {};
    const file = join(folder, "tokenizer.json");
    const json = readJson(file);
    try {
      const tokenizer = wholeWords(new Tokenizer(json, tokenizerConfig));
      const watch = {
        encoding: new PatternWatch(file, "normalizer, pre_tokenizer", [json["normalizer"], json["pre_tokenizer"]]),
        decoding: new PatternWatch(file, "decoder", [json["decoder"]]),
      };
      return watch.encoding.run(
        1,
        () => new TextTokenizer(tokenizer, watch, tokenizerConfig, specialTokens(folder), config.bosId),
      );
    } catch (error) {
      if (error instanceof CheckpointError) throw error;
      throw new CheckpointError({ file, place: "", problem: `is no usable tokenizer: ${(error as Error).message}` });
    }
  }

  /**
   * Ids of `text`; `bos` is the one rule on the beginning-of-sequence token. Throws `CheckpointError` where a pattern of the
   * tokenizer does not end in time.
   */
  encode(text: string, bos: BosRule = "asis"): number[] {
    const { ids } = this.#watch.encoding.run(text.length, () =>
      this.#tokenizer.encode(text, { add_special_tokens: false }),
    );
    if (this.bosId === undefined || bos === "asis") return ids;
    while (ids[0] === this.bosId && ids[1] === this.bosId) ids.shift();
    return ids[0] === this.bosId || (bos === "auto" && !this.addsBos) ? ids : [this.bosId, ...ids];
  }

  /** Text of `ids`, special tokens left out unless asked for. */
  decode(ids: ReadonlyArray<number>, options: { readonly special?: boolean } = {}): string {
    if (ids.length === 0) return "";
    // Where a decoder has patterns, tokens are taken for eight characters long.
    return this.#watch.decoding.run(ids.length * 8, () =>
      this.#tokenizer.decode(ids as number[], {
        skip_special_tokens: options.special !== true,
        clean_up_tokenization_spaces: false,
      }),
    );
  }

  /**
   * Each id as the text it stands for, special tokens included. Joined they are the decoded text: a character whose bytes
   * lie in several tokens is the text of the last of them. (Words, where the tokenizer has no decoder; text has blanks between.)
   */
  pieces(ids: ReadonlyArray<number>): string[] {
    const decode = (from: number, to: number) => this.decode(ids.slice(from, to), { special: true });
    if (this.isWordLevel) return ids.map((_, i) => decode(i, i + 1));
    const pieces: string[] = [];
    let start = 0; // tokens from here are decoded together: their bytes do not end with a whole character yet
    let told = 0; // characters of their text that are in `pieces`
    for (let i = 0; i < ids.length; i++) {
      // some decoders strip a blank at the very start: decode behind the token before
      const context = Math.max(0, start - 1);
      const before = context === start ? "" : decode(context, start);
      const behind = decode(context, i + 1);
      const text = behind.startsWith(before) ? behind.slice(before.length) : decode(start, i + 1);
      const whole = text.replace(/\uFFFD+$/, "");
      const open = whole.length < text.length && i - start < MAX_OPEN_TOKENS && i + 1 < ids.length;
      pieces.push((open ? whole : text).slice(told));
      told = open ? whole.length : 0;
      if (!open) start = i + 1;
    }
    return pieces;
  }

  /** Is it a token that text is cut at first, such as those of turns and markers? */
  isAdded(id: number): boolean {
    return this.#added.has(id);
  }

  /** Is it a token that `decode` leaves out unless asked for? */
  isSpecial(id: number): boolean {
    return this.#special.has(id);
  }

  /** The id of one token, if the vocabulary has it. */
  id(token: string): number | undefined {
    return this.#tokenizer.token_to_id(token);
  }
}

/** The token that the post-processor puts before every text, if it does. */
const postProcessorPrefix = (tokenizer: Tokenizer): number | undefined => {
  const plain = tokenizer.encode("a", { add_special_tokens: false }).ids;
  const full = tokenizer.encode("a", { add_special_tokens: true }).ids;
  return full.length > plain.length && full[0] !== plain[0] ? full[0] : undefined;
};

/** The token that a tokenizer's config names, as text or as an object. */
const declared = (tokenizer: Tokenizer, named: unknown, fallback: number | undefined): number | undefined => {
  if (named === undefined) return fallback;
  const content = typeof named === "string" ? named : (named as { content?: unknown } | null)?.content;
  return typeof content === "string" ? tokenizer.token_to_id(content) : undefined;
};
