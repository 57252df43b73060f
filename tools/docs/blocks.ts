/**
 * The code blocks of a Markdown page, and what each is for. The first word of a block's info string is its language; what
 * follows says how the block is checked, in the source of the page for everyone to see:
 *
 *     sh                        run as it stands, in order, in the page's folder
 *     sh reduced="COMMANDS"     too long or too far-reaching for a test: these commands are run in its place
 *     ts                        run as it stands; `reduced` as above
 *     ts|json|… file=PATH       a file that the reader makes; the commands below use it
 *     yaml                      a whole pipeline: planned
 *     yaml run                  a whole pipeline: run
 *     yaml file=PATH            the same, under a name; with `part`, a file that others import
 *     yaml append=PATH          lines the reader adds at the end of that file: planned again; the formatter would take their
 *                               indentation away, so biome.json leaves such a page out
 *     jsonl file=PATH           every line is JSON
 *     sql                       a query for DuckDB, in the page's folder
 *     text output               what the block above printed; `…` stands for anything
 *     text, mermaid             a picture: nothing to run
 */
import { marked, type Token, type Tokens } from "marked";

export interface Block {
  readonly language: string;
  /** Words of the info string without a value. */
  readonly words: ReadonlySet<string>;
  /** `key=value` and `key="value with spaces"` of the info string. */
  readonly options: Readonly<Record<string, string>>;
  readonly info: string;
  readonly text: string;
}

/** Info string → language, words and options. */
export function parseInfo(info: string): Pick<Block, "language" | "words" | "options"> {
  const [language = "", ...rest] = info.match(/[^\s"]+"[^"]*"|\S+/g) ?? [];
  const pairs = rest.flatMap((part) => {
    const [, key, quoted, plain] = /^([a-z]+)=(?:"([^"]*)"|(\S+))$/.exec(part) ?? [];
    return key === undefined ? [] : [[key, quoted ?? plain ?? ""] as const];
  });
  return { language, options: Object.fromEntries(pairs), words: new Set(rest.filter((part) => !part.includes("="))) };
}

/** All fenced blocks of a page, also those inside lists and quotes, in reading order. */
export function blocksOf(markdown: string): ReadonlyArray<Block> {
  const blocks: Block[] = [];
  marked.walkTokens(marked.lexer(markdown), (token: Token) => {
    if (token.type !== "code") return;
    const { lang, text } = token as Tokens.Code;
    const info = (lang ?? "").trim();
    blocks.push({ ...parseInfo(info), info, text });
  });
  return blocks;
}

/** What is done with a block, or undefined where its info string is none of the above. */
export type Duty =
  | "shell"
  | "typescript"
  | "file"
  | "plan"
  | "run"
  | "append"
  | "rows"
  | "query"
  | "output"
  | "picture";

const only = (block: Block, words: ReadonlyArray<string>, options: ReadonlyArray<string>): boolean =>
  [...block.words].every((word) => words.includes(word)) &&
  Object.keys(block.options).every((option) => options.includes(option));

export function dutyOf(block: Block): Duty | undefined {
  const { language, options, words } = block;
  const isFile = options["file"] !== undefined;
  switch (language) {
    case "sh":
      return only(block, [], ["reduced"]) ? "shell" : undefined;
    case "ts":
      if (options["reduced"] !== undefined) return only(block, [], ["reduced"]) ? "shell" : undefined;
      return only(block, [], ["file"]) ? (isFile ? "file" : "typescript") : undefined;
    case "json":
      return isFile && only(block, [], ["file"]) ? "file" : undefined;
    case "yaml":
      if (options["append"] !== undefined) return only(block, [], ["append"]) ? "append" : undefined;
      if (words.has("part")) return isFile && only(block, ["part"], ["file"]) ? "file" : undefined;
      return only(block, ["run"], ["file"]) ? (words.has("run") ? "run" : "plan") : undefined;
    case "jsonl":
      return isFile && only(block, [], ["file"]) ? "rows" : undefined;
    case "sql":
      return only(block, [], []) ? "query" : undefined;
    case "text":
      return only(block, ["output"], []) ? (words.has("output") ? "output" : "picture") : undefined;
    case "mermaid":
      return only(block, [], []) ? "picture" : undefined;
    default:
      return undefined;
  }
}
