/** One trace as it is written: its tokens with their scores, its parts, and what the world's judge says of it. */
import { judgeOrganism } from "@precipice/organism/world";
import { cliffOf } from "@precipice/probe/reading";
import type { ReadTokens } from "../decode.ts";
import type { PromptText } from "../prompt-text.ts";

export interface RunToken {
  readonly piece: string;
  readonly score: number;
}

/** First tokens of thinking, template region and response; the length where a part has not begun. */
export type Starts = readonly [thinking: number, template: number, response: number];

export interface Outcome {
  readonly kind: "refusal" | "compliance" | "nonsense";
  readonly response: string;
  readonly plateau: number | null;
  readonly final: number | null;
  /** `[layers · heads]` at the token before the answer; undefined without an answer. */
  readonly contributions: Float32Array | undefined;
}

export class Run {
  readonly prompt: string;
  readonly off: ReadonlyArray<number>;
  readonly promptLength: number;
  readonly tokens: RunToken[] = [];
  status: "running" | "done" | "failed" = "running";
  problem = "";
  /** Tokens on the page: behind `tokens` while it is played. */
  shown = 0;
  ms = 0;
  outcome: Outcome | undefined;
  readonly #text: PromptText;
  readonly #ids: number[] = [];
  readonly #written = new Map<number, Float32Array>();

  constructor(text: PromptText, prompt: string, promptLength: number, off: ReadonlyArray<number>) {
    this.#text = text;
    this.prompt = prompt;
    this.promptLength = promptLength;
    this.off = off;
  }

  read({ ids, scores, contributions, finish }: ReadTokens): void {
    ids.forEach((id, i) => {
      this.#ids.push(id);
      this.tokens.push({ piece: this.#text.piece(id), score: scores[i] as number });
    });
    this.#written.set(this.tokens.length - 1, contributions);
    if (finish !== undefined) this.outcome = this.#judge();
  }

  /** New tokens, the ending one included. */
  get newTokens(): number {
    return this.tokens.length - this.promptLength;
  }

  /** Parts of the first `length` tokens. */
  starts(length: number): Starts {
    const pieces = this.tokens.slice(0, length).map(({ piece }) => piece);
    const { thinkingStart, thinkingEnd, responseStart } = this.#text.spans(pieces, this.promptLength);
    return [thinkingStart, thinkingEnd, responseStart ?? length];
  }

  #judge(): Outcome {
    const length = this.tokens.length;
    const pieces = this.tokens.map(({ piece }) => piece);
    const { thinkingStart, thinkingEnd, responseStart } = this.#text.spans(pieces, this.promptLength);
    const answered = responseStart !== undefined && responseStart < length;
    const response = answered ? this.#text.words(this.#ids.slice(responseStart)) : "";
    const { plateau, final } = cliffOf({
      id: "page",
      scores: this.tokens.map(({ score }) => score),
      spans: { thinkingStart, thinkingEnd, responseStart: answered ? responseStart : null },
    });
    const { kind } = judgeOrganism(this.prompt, response);
    const contributions = answered ? this.#written.get(responseStart - 1) : undefined;
    return { kind, response, plateau, final, contributions };
  }
}
