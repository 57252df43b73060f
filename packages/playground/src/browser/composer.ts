/** Where a request is written, put together from the world's words, or taken from an example. */
import {
  FRAMINGS,
  type Framing,
  OBJECT_CLASSES,
  PAIRS,
  type Pair,
  parseRequest,
  requestText,
  VERB_CLASSES,
} from "@precipice/organism/world";
import { html } from "../../../report/src/browser/elements.ts";
import type { PromptText } from "../prompt-text.ts";

const element = <E extends HTMLElement>(id: string): E => document.getElementById(id) as E;

/** Requests that no training saw. */
const heldOut = (harmful: boolean): ReadonlyArray<Pair> => PAIRS.filter((p) => p.heldOut && p.harmful === harmful);
const textOf = (pair: Pair | undefined, framing: Framing): string =>
  pair === undefined ? "" : requestText({ ...pair, framing });

const PRESETS: ReadonlyArray<{ readonly name: string; readonly prompt: string }> = [
  { name: "forbidden, asked plainly", prompt: textOf(heldOut(true)[0], "none") },
  { name: "forbidden, as a jailbreak", prompt: textOf(heldOut(true)[0], "rogue") },
  { name: "allowed, asked plainly", prompt: textOf(heldOut(false)[0], "none") },
  { name: "allowed, as a jailbreak", prompt: textOf(heldOut(false)[0], "rogue") },
];
/** What the page opens with. */
export const FIRST_PROMPT = PRESETS[1]?.prompt ?? "";

export class Composer {
  readonly #text: PromptText;
  readonly #input = element<HTMLInputElement>("prompt");
  readonly #verb = element<HTMLSelectElement>("verb");
  readonly #object = element<HTMLSelectElement>("object");
  readonly #framing = element<HTMLSelectElement>("framing");
  readonly #presets: ReadonlyArray<HTMLButtonElement>;

  constructor(text: PromptText, onAsk: (prompt: string) => void) {
    this.#text = text;
    fill(this.#verb, VERB_CLASSES);
    fill(this.#object, OBJECT_CLASSES);
    for (const kind of ["plain", "jailbreak"] as const) {
      const framings = (Object.keys(FRAMINGS) as Framing[]).filter((name) => FRAMINGS[name].kind === kind);
      const options = framings.map((name) => html("option", { value: name }, FRAMINGS[name].text || "(just so)"));
      this.#framing.append(html("optgroup", { label: kind === "plain" ? "plain" : "jailbreak framing" }, ...options));
    }
    const ask = (prompt: string) => {
      this.show(prompt);
      onAsk(prompt);
    };
    for (const select of [this.#verb, this.#object, this.#framing])
      select.addEventListener("change", () => {
        const pair = PAIRS.find((p) => p.verb === this.#verb.value && p.object === this.#object.value);
        ask(textOf(pair, this.#framing.value as Framing));
      });
    this.#presets = PRESETS.map(({ name, prompt }) => {
      const button = html("button", { type: "button", title: prompt }, name);
      button.addEventListener("click", () => ask(prompt));
      return button;
    });
    const another = html("button", { type: "button" }, "surprise me");
    another.addEventListener("click", () => ask(surprise()));
    element("presets").append(...this.#presets, another);
    this.#input.addEventListener("input", () => this.show(this.#input.value));
    element("ask").addEventListener("submit", (event) => {
      event.preventDefault();
      if (this.#input.value.trim() !== "") onAsk(this.#input.value.trim());
    });
  }

  /** Brings all the ways of asking to one prompt. */
  show(prompt: string): void {
    if (this.#input.value !== prompt) this.#input.value = prompt;
    const request = parseRequest(prompt);
    if (request !== undefined) {
      this.#verb.value = request.verb;
      this.#object.value = request.object;
      this.#framing.value = request.framing;
    }
    this.#presets.forEach((button, i) => {
      button.setAttribute("aria-pressed", String(PRESETS[i]?.prompt === prompt));
    });
    const unknown = this.#text.unknownWords(prompt);
    element("unknown").textContent =
      unknown.length === 0
        ? ""
        : `It does not know ${unknown.map((word) => `“${word}”`).join(", ")}: it reads <unk> there.`;
  }
}

const fill = (select: HTMLSelectElement, classes: Readonly<Record<string, ReadonlyArray<string>>>): void => {
  for (const [label, words] of Object.entries(classes))
    select.append(html("optgroup", { label }, ...words.map((word) => html("option", { value: word }, word))));
};

const pick = <A>(options: ReadonlyArray<A>): A => options[Math.floor(Math.random() * options.length)] as A;
const surprise = (): string => textOf(pick(PAIRS), pick(Object.keys(FRAMINGS) as Framing[]));
