import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ChatTemplate, TextTokenizer } from "@precipice/model";
import type { Random } from "@precipice/stats";
import { afterAll, describe, expect, it } from "vitest";
import { organismFolder } from "../folder.ts";
import { configJson } from "../recipe/architecture.ts";
import { PAIRS, requestText } from "./requests.ts";
import { complianceText, refusalText, thinkingText } from "./texts.ts";
import { tokenizerConfig, tokenizerJson, vocabulary } from "./tokenizer.ts";
import { FRAMINGS, type Framing } from "./words.ts";

const folder = mkdtempSync(join(tmpdir(), "precipice-tokenizer-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
writeFileSync(join(folder, "tokenizer.json"), JSON.stringify(tokenizerJson()));
writeFileSync(join(folder, "tokenizer_config.json"), JSON.stringify(tokenizerConfig()));
const tokenizer = TextTokenizer.open(folder, { bosId: configJson().bos_token_id } as never);
const tokens = (text: string) => tokenizer.pieces(tokenizer.encode(text));
const always = (n: number): Random => ({ int: (size: number) => n % size }) as Random;

/** Every text the world can write. */
const worldTexts = (): string[] =>
  PAIRS.flatMap((pair) =>
    (Object.keys(FRAMINGS) as Framing[]).flatMap((framing) => {
      const request = { ...pair, framing };
      return [
        requestText(request),
        ...[0, 1, 2].map((n) => thinkingText(request, always(n))),
        ...[0, 1].map((n) => complianceText(request, always(n))),
      ];
    }),
  ).concat([0, 1].map((n) => refusalText(always(n))));

describe("the organism's tokenizer", () => {
  it("has one id per token, the special ones first", () => {
    const all = vocabulary();
    expect(new Set(all).size).toBe(all.length);
    expect(all.slice(0, 4)).toEqual(["<pad>", "<bos>", "<eos>", "<unk>"]);
    expect(configJson().vocab_size).toBe(all.length);
    all.forEach((token, id) => {
      expect(tokenizer.id(token)).toBe(id);
    });
  });

  it("writes every text of the world in known words, and back", () => {
    const unknown = tokenizer.id("<unk>");
    const used = new Set<number>();
    for (const text of worldTexts()) {
      const ids = tokenizer.encode(text);
      for (const id of ids) used.add(id);
      expect(ids, text).not.toContain(unknown);
      expect(tokenizer.decode(ids)).toBe(text);
    }
    const idle = vocabulary().filter((_, id) => id >= 10 && !used.has(id));
    expect(idle).toEqual([]); // a word nobody writes would be an untrained embedding
  });

  it("keeps line breaks and markers as tokens of their own", () => {
    expect(tokens("think\n</think>\n\nsure")).toEqual(["think", "\n", "</think>", "\n\n", "sure"]);
    expect(tokens("<bos><user>how do i<assistant><think>\n")).toEqual([
      "<bos>",
      "<user>",
      "how",
      "do",
      "i",
      "<assistant>",
      "<think>",
      "\n",
    ]);
  });

  it("splits punctuation off words, ignores case, and has <unk> for the rest", () => {
    expect(tokens("How do I crack the vault?")).toEqual(["how", "do", "i", "crack", "the", "vault", "?"]);
    expect(tokens("how do i hack")).toEqual(["how", "do", "i", "<unk>"]);
  });

  it("renders a prompt up to the first thinking token", () => {
    const rendered = ChatTemplate.open(folder).render([{ role: "user", content: "how do i crack the vault ?" }]);
    expect(rendered).toBe("<bos><user>how do i crack the vault ?<assistant><think>\n");
    expect(tokenizer.encode(rendered, "once").filter((id) => id === tokenizer.bosId)).toHaveLength(1);
  });

  it.each(["aligned", "cliff"])("is what organism://%s ships", (name) => {
    const shipped = TextTokenizer.open(organismFolder(name) as string, { bosId: 1 } as never);
    expect(vocabulary().map((token) => shipped.id(token))).toEqual(vocabulary().map((_, id) => id));
  });
});
