/** A hint for a misspelt name. */
import { Pipeline } from "@precipice/runtime";

/** `Did you mean "x"?` or `otherwise`. */
export function suggest(name: string, candidates: ReadonlyArray<string>, otherwise: string): string {
  const near = Pipeline.nearest(name, candidates);
  return near === undefined ? otherwise : `Did you mean "${near}"?`;
}
