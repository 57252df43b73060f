/** The checkpoint's chat template (Jinja): messages in, text out. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { readJson } from "../architecture/index.ts";
import { CheckpointError } from "../errors.ts";
import { readText } from "../text-file.ts";
import { timeLimited } from "../time-limit.ts";
import { JinjaTemplate } from "./jinja/index.ts";
import { specialTokens } from "./special-tokens.ts";

export interface Message {
  readonly role: string;
  /** Text, or chunks for templates that take them. */
  readonly content: string | ReadonlyArray<Readonly<Record<string, unknown>>>;
  /** Further fields a template may read, such as `reasoning_content`. */
  readonly [field: string]: unknown;
}

/** Variables of a template, such as `enable_thinking`. */
export type TemplateVars = Readonly<Record<string, string | number | boolean>>;

/**
 * A template is somebody else's program. Its own budget bounds what it does and makes, the same on every machine; this time is for
 * what those counts do not see. Real ones take milliseconds.
 */
const LIMIT_MS = 1000;

/** The prompt format of a checkpoint. */
export class ChatTemplate {
  /** Jinja source. */
  readonly source: string;
  /** Where it was read from. */
  readonly file: string;
  readonly #template: JinjaTemplate;
  readonly #specials: Readonly<Record<string, unknown>>;

  private constructor(file: string, source: string, specials: Readonly<Record<string, unknown>>) {
    this.file = file;
    this.source = source;
    this.#specials = specials;
    try {
      this.#template = timeLimited(LIMIT_MS, () => new JinjaTemplate(source));
    } catch (error) {
      throw new CheckpointError({
        file,
        place: "chat template",
        problem: `is no valid Jinja: ${(error as Error).message}`,
      });
    }
  }

  /** From `chat_template.jinja` or `tokenizer_config.json`. Throws `CheckpointError` when there is none or it is no Jinja. */
  static open(folder: string): ChatTemplate {
    const separate = join(folder, "chat_template.jinja");
    const configFile = join(folder, "tokenizer_config.json");
    const config = existsSync(configFile) ? readJson(configFile) : {};
    const specials = specialTokens(folder);
    if (existsSync(separate)) return new ChatTemplate(separate, readText(separate), specials);
    const inline = defaultTemplate(config["chat_template"]);
    if (typeof inline === "string") return new ChatTemplate(configFile, inline, specials);
    throw new CheckpointError({
      file: configFile,
      place: "chat_template",
      problem: "the checkpoint has no chat template",
      remedy: "use raw prompts (--raw), or add chat_template.jinja to the folder",
    });
  }

  /**
   * The messages as text, up to where the model starts to write (unless `generationPrompt` is false). Throws
   * `CheckpointError` when the template does, and for a variable that the template does not read. `tools` and `documents` are
   * None, as transformers gives them.
   */
  render(
    messages: ReadonlyArray<Message>,
    vars: TemplateVars = {},
    { generationPrompt = true }: { readonly generationPrompt?: boolean } = {},
  ): string {
    for (const name of Object.keys(vars)) {
      if (name === "messages" || name === "add_generation_prompt" || !this.#template.names.has(name))
        throw new CheckpointError({
          file: this.file,
          place: "chat template",
          problem: `has no variable "${name}" to set`,
          remedy: "take it out of templateVars, or check its spelling in the template",
        });
    }
    try {
      const items = {
        tools: null,
        documents: null,
        ...this.#specials,
        ...vars,
        messages,
        add_generation_prompt: generationPrompt,
      };
      return timeLimited(LIMIT_MS, () => this.#template.render(items));
    } catch (error) {
      throw new CheckpointError({
        file: this.file,
        place: "chat template",
        problem: `failed on these messages: ${(error as Error).message}`,
      });
    }
  }
}

/** `chat_template` is a template, or a list of named ones. */
const defaultTemplate = (value: unknown): unknown => {
  if (!Array.isArray(value)) return value;
  const named = value as ReadonlyArray<{ readonly name?: unknown; readonly template?: unknown }>;
  return named.find((t) => t?.name === "default")?.template;
};
