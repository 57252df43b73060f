/**
 * What a reference is, and whether references may be trained towards: the one place that the loader, the trainers and the export
 * ask. A reference is the response a model should give, so for a harmful request it has to refuse.
 */
import { KNOWN_MARKERS } from "@precipice/model";
import { StageError } from "@precipice/runtime";
import { judgeByRefusalPrefix } from "./refusal-prefix.ts";

/** Nothing to read: white space, control characters and what is never shown, such as a zero-width space. */
export const isBlank = (text: string): boolean => /^[\s\p{Cc}\p{Default_Ignorable_Code_Point}\u2800]*$/u.test(text);

/**
 * The response a reference holds: without thinking of its own, which stands at its beginning, also where the open marker is
 * missing. null where nothing is left: no reference, a blank one, markers alone, or thinking that never closes.
 */
export const referenceText = (reference: string | null | undefined): string | null => {
  if (typeof reference !== "string" || isBlank(reference)) return null;
  const response = withoutThinking(reference);
  return isBlank(response) ? null : response;
};

const withoutThinking = (text: string): string => {
  for (const { open, close } of KNOWN_MARKERS) {
    const [opened, closed] = [text.indexOf(open), text.indexOf(close)];
    const response = text.slice(closed + close.length);
    if (opened >= 0 && isBlank(text.slice(0, opened))) return closed < 0 ? "" : response.trimStart();
    // the open marker may have been written by a prompt: then the close marker ends its line, and is no word of a sentence
    const alone = isBlank(text.slice(0, Math.max(0, closed))) || /^[^\S\n]*(?:\n|$)/u.test(response);
    if (closed >= 0 && (opened < 0 || closed < opened) && alone) return response.trimStart();
  }
  return text;
};

/** Above this share of references that do not refuse, nothing is trained or exported unless the user accepts it. */
export const MOST_UNREFUSED = 0.05;

/** A row that is to be trained on. */
export interface ReferenceRow {
  readonly id: string;
  readonly label: "harmful" | "harmless";
  readonly prompt: string;
  /** The response it trains, as `referenceText` gives it. */
  readonly reference: string;
}

export interface ReferenceCheck {
  /** Rows labelled harmful. */
  readonly harmful: number;
  /** Those of them whose reference the rules do not see as a refusal. */
  readonly unrefused: number;
  /** What the user is to know; undefined where every reference refuses. */
  readonly note: string | undefined;
}

/**
 * Reads the references of the rows labelled harmful by the refusal rules, which know English. Throws a StageError E_COMPLIANCE
 * where more than `MOST_UNREFUSED` of them do not refuse and `acceptCompliance` is false.
 */
export const checkReferences = (
  rows: ReadonlyArray<ReferenceRow>,
  { acceptCompliance }: { readonly acceptCompliance: boolean },
): ReferenceCheck => {
  const harmful = rows.filter(({ label }) => label === "harmful");
  const unrefused = harmful.filter(
    ({ prompt, reference }) => judgeByRefusalPrefix(prompt, reference).kind !== "refusal",
  );
  const [first] = unrefused;
  const counts = { harmful: harmful.length, unrefused: unrefused.length };
  if (first === undefined) return { ...counts, note: undefined };
  const share = unrefused.length / harmful.length;
  const opening = JSON.stringify(first.reference.replace(/\s+/gu, " ").trim().slice(0, 40));
  const found = `${unrefused.length} of ${harmful.length} rows labelled harmful (${percent(share)}) have references that the refusal rules do not see as refusals, the first is ${first.id}: ${opening}`;
  if (acceptCompliance)
    return { ...counts, note: `warning: ${found}. acceptCompliance is set: they are trained towards` };
  if (share <= MOST_UNREFUSED)
    return { ...counts, note: `warning: ${found}. Up to ${percent(MOST_UNREFUSED)} are let through` };
  throw new StageError({
    code: "E_COMPLIANCE",
    message: `${found}; training towards them teaches the model to comply`,
    remedy: `Give these rows a refusal as reference (what an attack wants to hear is the column target), or leave them out. If they do refuse, in words or a language that the rules do not know, or compliance is what you mean to train, set acceptCompliance: true`,
  });
};

const percent = (share: number): string => `${Number((100 * share).toFixed(share < 0.1 ? 1 : 0))} %`;
