/** Which linear maps an adapter changes: PEFT's `target_modules`, as a list of last names or `all-linear`. */
import { LINEARS, type Linear } from "@precipice/model";

export const ALL_LINEAR = "all-linear";

/** The linear maps named by `targets`. Throws a RangeError for a name the decoder does not have. */
export const linearsOf = (targets: string | ReadonlyArray<string>): ReadonlyArray<Linear> => {
  if (targets === ALL_LINEAR) return LINEARS;
  const names = typeof targets === "string" ? [targets] : targets;
  const lastName = (linear: Linear) => linear.split(".").at(-1) as string;
  for (const name of names) {
    if (!LINEARS.some((l) => lastName(l) === name)) throw new RangeError(`no linear map is called "${name}"; there are ${LINEARS.map(lastName).join(", ")} and "${ALL_LINEAR}"`);
  }
  return LINEARS.filter((l) => names.includes(lastName(l)));
};
