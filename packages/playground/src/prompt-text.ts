/** Text to tokens and back in a browser: the checkpoint's own tokenizer and chat template, by the libraries that read them here. */
import { Template } from "@huggingface/jinja";
import { Tokenizer } from "@huggingface/tokenizers";
import { findSpans, type Spans } from "@precipice/model/spans";
import type { PageText } from "./page-data.ts";

const SPECIALS = ["bos_token", "eos_token", "pad_token", "unk_token"] as const;

export class PromptText {
  readonly #tokenizer: Tokenizer;
  readonly #template: Template;
  readonly #text: PageText;
  readonly #specials: Readonly<Record<string, string>>;
  readonly #unknown: number | undefined;

  constructor(text: PageText) {
    this.#text = text;
    this.#tokenizer = new Tokenizer(text.tokenizer, text.config);
    this.#template = new Template(text.template);
    this.#specials = Object.fromEntries(
      SPECIALS.flatMap((key) => (typeof text.config[key] === "string" ? [[key, text.config[key]]] : [])),
    );
    this.#unknown = this.#tokenizer.token_to_id(this.#specials["unk_token"] ?? "<unk>");
  }

  /** Ids of the rendered prompt of one user turn, up to where the model starts to think. */
  promptIds(prompt: string): number[] {
    const text = this.#template.render({
      ...this.#specials,
      messages: [{ role: "user", content: prompt }],
      add_generation_prompt: true,
    });
    return this.#encode(text);
  }

  /** Words of a text that the model has no token for, each once. */
  unknownWords(text: string): string[] {
    const words = text.split(/\s+/).filter((word) => word !== "");
    return [...new Set(words.filter((word) => this.#encode(word).includes(this.#unknown ?? -1)))];
  }

  /** The text a token stands for, special tokens included. */
  piece(id: number): string {
    return this.#tokenizer.decode([id], { skip_special_tokens: false, clean_up_tokenization_spaces: false });
  }

  /** The parts of a trace whose first `promptLength` tokens are the rendered prompt. */
  spans(pieces: ReadonlyArray<string>, promptLength: number): Spans {
    return findSpans(pieces, promptLength, this.#text.reasoning);
  }

  /** Words without special tokens. */
  words(ids: ReadonlyArray<number>): string {
    if (ids.length === 0) return "";
    return this.#tokenizer
      .decode(ids as number[], { skip_special_tokens: true, clean_up_tokenization_spaces: false })
      .trim();
  }

  #encode(text: string): number[] {
    return this.#tokenizer.encode(text, { add_special_tokens: false }).ids;
  }
}
