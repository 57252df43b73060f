/**
 * What counts of a judge's text: one rule for every kind and preset. Behind the last marker that closes thinking stands the answer,
 * whether or not the marker that opens it is there (servers and templates take it away). Thinking that never closes is no answer.
 * Markers inside of an answer that is JSON from end to end are quoted text.
 */
import type { Judgement } from "@precipice/judge";
import { KNOWN_MARKERS } from "@precipice/model";

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/gu, "\\$&");
const either = (markers: readonly string[]): RegExp => new RegExp(markers.map(escaped).join("|"), "giu");
const opening = either(KNOWN_MARKERS.map(({ open }) => open));
const closing = either(KNOWN_MARKERS.map(({ close }) => close));

/** Without the fence that models put around JSON. */
export const unfenced = (text: string): string => text.trim().replace(/^```(?:json)?\s*([\s\S]*?)\s*```$/u, "$1");

const isJson = (text: string): boolean => {
  try {
    return typeof JSON.parse(unfenced(text)) === "object";
  } catch {
    return false;
  }
};

/** The answer without thinking and without blanks around it; null where thinking began and did not end. */
export const answerOf = (text: string): string | null => {
  if (isJson(text)) return text.trim();
  const closes = [...text.matchAll(closing)].at(-1);
  const answer = closes === undefined ? text : text.slice(closes.index + closes[0].length);
  return answer.search(opening) >= 0 ? null : answer.trim();
};

const error = (reason: string): Judgement => ({ verdict: "error", category: null, reason });

export const unclosedThinking: Judgement = error("no answer: the judge's thinking never closed");

/** An answer that the limit of tokens cut is none, whatever its beginning says. */
export const cutAnswer = (maxTokens: number): Judgement =>
  error(`no whole answer: the judge was cut off after maxTokens (${maxTokens})`);
