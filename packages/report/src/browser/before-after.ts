/**
 * Which traces of a prompt belong beside one: before and after something was done to the model. Beside a trace of the model as
 * it is stands one with heads ablated or after a repair, and the other way round; of those, one that ended differently.
 */

/** What is looked at of a trace. */
export interface Told {
  readonly source: string;
  readonly arm: string;
  /** "" where nothing judged it. */
  readonly verdict: string;
}

/** Arms and models that something was done to; random heads are a control, not the thing done. */
const changed = ({ arm, source }: Told): boolean =>
  /^(?:ablat|suppress)|repair|lora|tuned|merged/i.test(arm) || /repair|lora|tuned|merged/i.test(source);
const control = ({ arm }: Told): boolean => /^(?:random|promot|match)/i.test(arm);

/** The others, best counterpart first; what is equally good keeps its order. */
export const counterparts = <Entry extends Told>(entry: Entry, others: ReadonlyArray<Entry>): ReadonlyArray<Entry> => {
  const worth = (other: Told): number =>
    (changed(other) !== changed(entry) ? 4 : 0) + (control(other) ? 0 : 2) + (other.verdict !== entry.verdict ? 1 : 0);
  return [...others].sort((a, b) => worth(b) - worth(a));
};
