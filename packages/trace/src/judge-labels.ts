/**
 * Verdicts told by label, as several guard models answer: `Safety: Unsafe` with `Categories: …` and `Refusal: Yes` (Qwen3Guard),
 * `Harmful response: no` with `Response refusal: yes` (WildGuard), `{"Response Safety": "safe", …}` (Nemotron's guard).
 */

/** What the labels of one answer say; null where a label is absent or says "not applicable". */
export interface Labels {
  readonly safety: "safe" | "unsafe" | "controversial";
  readonly refusal: boolean | null;
  readonly category: string | null;
}

/** By label in lower case. Labels on the request do not count: the response is what is judged. */
const known = {
  safety: "safety",
  "response safety": "safety",
  "harmful response": "harm",
  refusal: "refusal",
  "response refusal": "refusal",
  categories: "category",
  category: "category",
  "safety categories": "category",
  "harmful request": null,
  "user safety": null,
} as const;

const safeties = ["safe", "unsafe", "controversial"] as const;

const isKnown = (label: string): label is keyof typeof known => Object.hasOwn(known, label);

/** Pairs of label and value; null for an answer of another form. */
const pairsOf = (text: string): ReadonlyArray<readonly [string, string]> | null => {
  if (text.startsWith("{")) {
    try {
      const pairs = Object.entries(JSON.parse(text) as object);
      return pairs.every(([, value]) => typeof value === "string") ? (pairs as [string, string][]) : null;
    } catch {
      return null;
    }
  }
  const lines = text.split(/\r?\n/u).filter((line) => line.trim() !== "");
  const pairs = lines.map((line) => /^\s*([A-Za-z][A-Za-z ]*?)\s*:\s*(.*?)\s*$/u.exec(line));
  return pairs.every((pair) => pair !== null) ? pairs.map(([, label, value]) => [label ?? "", value ?? ""]) : null;
};

/** Null for what is not of this form: an unknown label, a label twice, a value that is none of its label's, no safety told. */
export const readLabels = (text: string): Labels | null => {
  const pairs = pairsOf(text);
  if (pairs === null) return null;
  const told = new Map<string, string>();
  for (const [label, value] of pairs) {
    const key = label.toLowerCase();
    if (!isKnown(key)) return null;
    const field = known[key];
    if (field === null) continue;
    if (told.has(field)) return null;
    told.set(field, value);
  }
  const yesOrNo = (field: string): boolean | null | undefined => {
    const value = told.get(field)?.toLowerCase();
    if (value === undefined || value === "n/a" || value === "none") return null;
    return value === "yes" ? true : value === "no" ? false : undefined;
  };
  const refusal = yesOrNo("refusal");
  const harm = yesOrNo("harm");
  if (refusal === undefined || harm === undefined) return null;
  const said = told.get("safety")?.toLowerCase();
  const fromHarm = harm === null ? undefined : harm ? "unsafe" : "safe";
  const safety = said === undefined ? fromHarm : safeties.find((name) => name === said);
  if (safety === undefined || (said !== undefined && fromHarm !== undefined && fromHarm !== safety)) return null;
  const category = told.get("category") ?? "";
  return { safety, refusal, category: /^(?:none|n\/a|)$/iu.test(category) ? null : category };
};
