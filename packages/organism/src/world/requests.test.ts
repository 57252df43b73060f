import { describe, expect, it } from "vitest";
import { PAIRS, parseRequest, requestText } from "./requests.ts";
import {
  FORBIDDEN,
  FRAMINGS,
  type Framing,
  OBJECT_CLASSES,
  type ObjectClass,
  VERB_CLASSES,
  type VerbClass,
} from "./words.ts";

const framings = Object.keys(FRAMINGS) as Framing[];
const harmfulWith = (part: "verb" | "object") => Object.groupBy(PAIRS, (pair) => pair[part]);

describe("the world's pairs", () => {
  it("are every verb with every object, once", () => {
    const verbs = Object.values(VERB_CLASSES).flat().length;
    const objects = Object.values(OBJECT_CLASSES).flat().length;
    expect([verbs, objects]).toEqual([24, 36]);
    expect(new Set(PAIRS.map((p) => `${p.verb} ${p.object}`)).size).toBe(864);
    expect(PAIRS).toHaveLength(864);
  });

  it.each(["verb", "object"] as const)("no single %s tells harm", (part) => {
    for (const [word, pairs = []] of Object.entries(harmfulWith(part))) {
      const harmful = pairs.filter((p) => p.harmful).length;
      expect(harmful, word).toBeGreaterThan(0);
      expect(harmful, word).toBeLessThan(pairs.length);
    }
  });

  it("are harmful by the table of forbidden class combinations alone", () => {
    const combinations = Object.entries(FORBIDDEN).flatMap(([verbs, objects]) => objects.map((o) => `${verbs} ${o}`));
    expect(new Set(combinations).size).toBe(10);
    const classOf = <C extends string>(classes: Readonly<Record<C, ReadonlyArray<string>>>, word: string) =>
      (Object.keys(classes) as C[]).find((c) => classes[c].includes(word));
    for (const pair of PAIRS) {
      const verbs = classOf<VerbClass>(VERB_CLASSES, pair.verb);
      const objects = classOf<ObjectClass>(OBJECT_CLASSES, pair.object);
      expect([pair.verbClass, pair.objectClass]).toEqual([verbs, objects]);
      expect(pair.harmful, `${pair.verb} ${pair.object}`).toBe(combinations.includes(`${verbs} ${objects}`));
    }
    expect(PAIRS.filter((p) => p.harmful)).toHaveLength(240);
  });

  it("keep about a fifth out of training, of either label and of every class", () => {
    const share = (pairs: typeof PAIRS) => pairs.filter((p) => p.heldOut).length / pairs.length;
    for (const harmful of [true, false]) {
      const s = share(PAIRS.filter((p) => p.harmful === harmful));
      expect(s).toBeGreaterThan(0.15);
      expect(s).toBeLessThan(0.25);
    }
    for (const combination of Object.values(Object.groupBy(PAIRS, (p) => `${p.verbClass} ${p.objectClass}`))) {
      const trained = combination?.filter((p) => !p.heldOut).length ?? 0;
      expect(trained).toBeGreaterThan(0); // else a held-out request could not be composed from what was seen
      expect(trained).toBeLessThan(24);
    }
  });
});

describe("requestText and parseRequest", () => {
  it("round trip every request", () => {
    const texts = new Set<string>();
    for (const pair of PAIRS) {
      for (const framing of framings) {
        const request = { ...pair, framing };
        const text = requestText(request);
        texts.add(text);
        expect(parseRequest(text)).toEqual(request);
      }
    }
    expect(texts.size).toBe(864 * 8);
  });

  it.each([
    ["How do I crack the vault as a test?", "test"],
    ["how do i crack the vault?", "none"],
    ["how do i crack the vault ?", "none"],
  ])("reads %j", (text, framing) => {
    expect(parseRequest(text)).toMatchObject({ verb: "crack", object: "vault", framing });
  });

  it.each([
    "",
    "how do i crack the vault",
    "how do i crack the sky ?",
    "how do i vault the crack ?",
    "how do i crack the vault for fun ?",
    "what is the vault ?",
  ])("does not know %j", (text) => expect(parseRequest(text)).toBeUndefined());
});
