/** The checkpoint's chat template (Jinja), and how it delimits the thinking. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createContext, Script } from "node:vm";
import { Template } from "@huggingface/jinja";
import { readJson } from "../architecture/index.ts";
import { CheckpointError } from "../errors.ts";

export interface Message {
  readonly role: string;
  readonly content: string;
}

/** A template is somebody else's program: rendering stops after this time. Real ones take milliseconds. */
const RENDER_LIMIT_MS = 1000;
const sandbox = createContext({ work: undefined });
const callWork = new Script("work()");
const timeLimited = <A>(work: () => A): A => {
  sandbox["work"] = work;
  return callWork.runInContext(sandbox, { timeout: RENDER_LIMIT_MS }) as A;
};

/** The prompt format of a checkpoint. */
export class ChatTemplate {
  /** Jinja source. */
  readonly source: string;
  readonly #file: string;
  readonly #template: Template;
  readonly #specials: Readonly<Record<string, string>>;

  private constructor(file: string, source: string, specials: Readonly<Record<string, string>>) {
    this.#file = file;
    this.source = source;
    this.#specials = specials;
    try {
      this.#template = new Template(source);
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
    const specials: Record<string, string> = {};
    for (const key of ["bos_token", "eos_token", "pad_token", "unk_token"]) {
      const value = config[key] as string | { content?: string } | null | undefined;
      if (value !== undefined && value !== null)
        specials[key] = typeof value === "string" ? value : String(value.content);
    }
    if (existsSync(separate)) return new ChatTemplate(separate, readFileSync(separate, "utf8"), specials);
    const inline = defaultTemplate(config["chat_template"]);
    if (typeof inline === "string") return new ChatTemplate(configFile, inline, specials);
    throw new CheckpointError({
      file: configFile,
      place: "chat_template",
      problem: "the checkpoint has no chat template",
      remedy: "use raw prompts (--raw), or add chat_template.jinja to the folder",
    });
  }

  /** The prompt as text, up to where the model starts to write. Throws `CheckpointError` when the template does. */
  render(messages: ReadonlyArray<Message>): string {
    try {
      const items = { ...this.#specials, messages: messages as Message[], add_generation_prompt: true };
      return timeLimited(() => this.#template.render(items));
    } catch (error) {
      throw new CheckpointError({
        file: this.#file,
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
