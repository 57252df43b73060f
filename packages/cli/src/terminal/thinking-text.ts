/**
 * Thinking and answer as they are written, told apart: on a terminal with colours the thinking is dim, with a blank line behind it;
 * elsewhere the model's own markers stand around it.
 */
import type { Reasoning } from "@precipice/model";
import { type Painter, printableText } from "./text.ts";

export class ThinkingText {
  readonly #markers: { readonly open: string; readonly close: string } | undefined;
  readonly #paint: Painter;
  readonly #write: (text: string) => void;
  #last: "nothing" | "thinking" | "response" = "nothing";

  constructor(format: Reasoning, paint: Painter, write: (text: string) => void) {
    const colours = paint("dim", "x") !== "x";
    this.#markers = colours || format === "none" ? undefined : format;
    this.#paint = paint;
    this.#write = write;
  }

  tell({ thinking, response }: { readonly thinking: string; readonly response: string }): void {
    if (thinking !== "") {
      if (this.#last === "nothing" && this.#markers !== undefined)
        this.#write(`${printableText(this.#markers.open)}\n`);
      this.#last = "thinking";
      this.#write(this.#paint("dim", printableText(thinking)));
    }
    if (response === "") return;
    if (this.#last === "thinking")
      this.#write(this.#markers === undefined ? "\n\n" : `\n${printableText(this.#markers.close)}\n\n`);
    this.#last = "response";
    this.#write(printableText(response));
  }
}
