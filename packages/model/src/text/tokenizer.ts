/** Text to token ids and back, by the checkpoint's own `tokenizer.json`. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { Tokenizer } from "@huggingface/tokenizers";
import type { DecoderConfig } from "../architecture/config.ts";
import { readJson } from "../architecture/index.ts";
import { CheckpointError } from "../errors.ts";

/** The tokenizer of a checkpoint. */
export class TextTokenizer {
  readonly #tokenizer: Tokenizer;
  readonly bosId: number | undefined;

  private constructor(tokenizer: Tokenizer, bosId: number | undefined) {
    this.#tokenizer = tokenizer;
    this.bosId = bosId;
  }

  /** Throws `CheckpointError` when `tokenizer.json` is missing or broken. */
  static open(folder: string, config: Pick<DecoderConfig, "bosId">): TextTokenizer {
    const configFile = join(folder, "tokenizer_config.json");
    const tokenizerConfig = existsSync(configFile) ? readJson(configFile) : {};
    const file = join(folder, "tokenizer.json");
    const json = readJson(file);
    try {
      return new TextTokenizer(new Tokenizer(json, tokenizerConfig), config.bosId);
    } catch (error) {
      throw new CheckpointError({ file, place: "", problem: `is no usable tokenizer: ${(error as Error).message}` });
    }
  }

  /**
   * Ids of `text`. The one rule on the beginning-of-sequence token: with `bos: "once"` the ids start with exactly one,
   * whether or not the text (a rendered template, say) already spells it; with `"asis"` nothing is added or taken.
   */
  encode(text: string, bos: "once" | "asis" = "asis"): number[] {
    const ids = this.#tokenizer.encode(text, { add_special_tokens: false }).ids;
    if (bos === "asis" || this.bosId === undefined || ids[0] === this.bosId) return ids;
    return [this.bosId, ...ids];
  }

  /** Text of `ids`, special tokens left out unless asked for. */
  decode(ids: ReadonlyArray<number>, options: { readonly special?: boolean } = {}): string {
    if (ids.length === 0) return "";
    return this.#tokenizer.decode(ids as number[], {
      skip_special_tokens: options.special !== true,
      clean_up_tokenization_spaces: false,
    });
  }

  /** Each id as the text it stands for, special tokens included. */
  pieces(ids: ReadonlyArray<number>): string[] {
    return ids.map((id) => this.decode([id], { special: true }));
  }

  /** The id of one token, if the vocabulary has it. */
  id(token: string): number | undefined {
    return this.#tokenizer.token_to_id(token);
  }
}
