/** Which linear maps an adapter changes: PEFT's `target_modules`, as a list of last names or `all-linear`. */
import { type DecoderConfig, type Linear, linears } from "@precipice/model";

export const ALL_LINEAR = "all-linear";

const lastName = (linear: Linear): string => linear.split(".").at(-1) as string;

/** The linear maps of `decoder` named by `targets`. Throws a RangeError for a name the decoder does not have, and for none at all. */
export const linearsOf = (targets: string | ReadonlyArray<string>, decoder: DecoderConfig): ReadonlyArray<Linear> => {
  const all = linears(decoder);
  if (targets === ALL_LINEAR) return all;
  const names = typeof targets === "string" ? [targets] : targets;
  const choice = `there are ${all.map(lastName).join(", ")} and "${ALL_LINEAR}"`;
  if (!Array.isArray(names) || names.length === 0) throw new RangeError(`no linear map is named; ${choice}`);
  for (const name of names) {
    if (!all.some((l) => lastName(l) === name)) throw new RangeError(`no linear map is called "${name}"; ${choice}`);
  }
  return all.filter((l) => names.includes(lastName(l)));
};
