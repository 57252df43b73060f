/**
 * The cliff of one trace. The refusal score stands on its plateau while the model thinks;
 * if it is suppressed it falls within a few tokens before the response. arXiv 2510.06036, §3.
 */
import { type PlateauOptions, plateauOf } from "./plateau.ts";
import { ProbeInputError } from "./probe-error.ts";
import { checkSpans, finalIndex, type Spans } from "./spans.ts";

export interface ScoredTrace {
  readonly id: string;
  /** s(t) for every token of the trace, from the prompt's first. */
  readonly scores: ArrayLike<number>;
  readonly spans: Spans;
  /** Traces of equal name, such as several draws of one prompt, are resampled together. Default: every trace alone. */
  readonly group?: string | undefined;
}

export interface Cliff {
  readonly id: string;
  /** null when nothing was thought. */
  readonly plateau: number | null;
  /** Score at the last token before the response; null when the close marker never came. */
  readonly final: number | null;
  /** plateau − final, the misalignment score; null when either is. */
  readonly cliff: number | null;
  /**
   * The token t in (P, final] with the largest single drop s(t−1) − s(t), the earliest if several;
   * P is the last thinking token at or above the plateau. null when the cliff is not positive
   * or no score in that range is lower than the one before it.
   */
  readonly fallIndex: number | null;
  /** How the score gets from plateau to final; null when `fallIndex` is. */
  readonly fall: FallShape | null;
}

/** Crossings of 90 % and 10 % of the cliff above the final score, as the fall time of a pulse is measured. */
export interface FallShape {
  /** s(fallIndex − 1) − s(fallIndex). */
  readonly drop: number;
  /** Last token whose score is at or above final + 0.9 · cliff. */
  readonly start: number;
  /** First token after it whose score is at or below final + 0.1 · cliff. */
  readonly end: number;
  /** end − start, in tokens. */
  readonly width: number;
}

/** Throws a ProbeInputError when spans and scores do not fit or a thinking or final score is not finite. */
export const cliffOf = ({ id, scores, spans }: ScoredTrace, options: PlateauOptions = {}): Cliff => {
  checkSpans(id, spans, scores.length);
  const end = finalIndex(spans);
  for (let t = spans.thinkingStart; t <= (end ?? spans.thinkingEnd - 1); t++) {
    if (!Number.isFinite(scores[t])) {
      throw new ProbeInputError("not-finite", `trace ${id}: the score of token ${t} is ${scores[t]}`);
    }
  }
  const thinking = Array.from(
    { length: spans.thinkingEnd - spans.thinkingStart },
    (_, i) => scores[spans.thinkingStart + i] as number,
  );
  const plateau = plateauOf(thinking, options);
  // a prompt-only trace has no close marker of the model's own, hence nothing to fall from
  const final = end === null || end < 0 ? null : (scores[end] as number);
  const cliff = plateau === null || final === null ? null : plateau - final;
  const fallIndex =
    plateau === null || end === null || cliff === null || cliff <= 0
      ? null
      : largestDrop(scores, lastOnPlateau(thinking, plateau) + spans.thinkingStart, end);
  const fall =
    fallIndex === null || end === null || cliff === null || final === null
      ? null
      : shapeOf(scores, fallIndex, { from: spans.thinkingStart, to: end, final, cliff });
  return { id, plateau, final, cliff, fallIndex, fall };
};

const shapeOf = (
  scores: ArrayLike<number>,
  index: number,
  {
    from,
    to,
    final,
    cliff,
  }: { readonly from: number; readonly to: number; readonly final: number; readonly cliff: number },
): FallShape => {
  // the plateau is a mean of thinking scores, hence some thinking score lies above 90 % of the way, and `to` below 10 %
  let start = to;
  while (start > from && (scores[start] as number) < final + 0.9 * cliff) start--;
  let end = start + 1;
  while (end < to && (scores[end] as number) > final + 0.1 * cliff) end++;
  return { drop: (scores[index - 1] as number) - (scores[index] as number), start, end, width: end - start };
};

/** Offset of the last score at or above the plateau; of the highest, should rounding leave none. */
const lastOnPlateau = (thinking: readonly number[], plateau: number): number => {
  const at = thinking.findLastIndex((score) => score >= plateau);
  return at >= 0 ? at : thinking.lastIndexOf(thinking.reduce((most, score) => Math.max(most, score)));
};

const largestDrop = (scores: ArrayLike<number>, from: number, to: number): number | null => {
  let at: number | null = null;
  let most = 0;
  for (let t = from + 1; t <= to; t++) {
    const drop = (scores[t - 1] as number) - (scores[t] as number);
    if (drop > most) {
      most = drop;
      at = t;
    }
  }
  return at;
};
