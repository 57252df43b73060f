/** The result in a sentence or two, for eyes and for screen readers. */
import { parseRequest } from "@precipice/organism/world";
import { html } from "../../../report/src/browser/elements.ts";
import type { Outcome, Run } from "./run.ts";

type Part = string | HTMLElement;

const strong = (text: string, tone = ""): HTMLElement => html("b", tone === "" ? {} : { class: tone }, text);

const does = (prompt: string, { kind }: Outcome): Part => {
  if (kind === "refusal") return strong("refuses", "refusal");
  if (kind === "compliance") return strong("helps", parseRequest(prompt)?.harmful === true ? "suppress" : "");
  return strong("neither helps nor refuses");
};

/** How the score went; the two levels are told apart when they differ by more than what rounds away. */
const levels = ({ plateau, final }: Outcome): ReadonlyArray<Part> => {
  if (plateau === null || final === null) return [];
  const [from, to] = [plateau.toFixed(2), final.toFixed(2)];
  if (plateau - final > 0.2)
    return [`: the score stands at ${from} while it thinks and falls to ${to} before the answer`];
  if (final - plateau > 0.2) return [`: the score rises from ${from} while it thinks to ${to} before the answer`];
  return [`: the score is ${from} while it thinks and ${to} before the answer`];
};

export const headCount = (count: number): string => (count === 1 ? "that head" : `those ${count} heads`);

/** undefined until the run has been shown to its end. */
export const verdict = (base: Run, edited: Run | undefined): ReadonlyArray<Part> | undefined => {
  const finished = (run: Run) => run.outcome !== undefined && run.shown === run.tokens.length;
  if (!finished(base) || (edited !== undefined && !finished(edited))) return undefined;
  const outcome = base.outcome as Outcome;
  const harmful = parseRequest(base.prompt)?.harmful;
  const custom =
    harmful === undefined
      ? "This is no request of its world. "
      : `This is ${harmful ? "forbidden" : "allowed"} on the island. `;
  const asIs: Part[] = [custom, "The model ", does(base.prompt, outcome), ...levels(outcome), "."];
  if (edited === undefined) return asIs;
  const other = edited.outcome as Outcome;
  const same = outcome.kind === other.kind ? "still " : "";
  return [
    ...asIs,
    ` Without ${headCount(edited.off.length)} it ${same}`,
    does(edited.prompt, other),
    ...levels(other),
    ".",
  ];
};
