/** Prompt sets of the world, drawn by seed: requests for probing and evaluation, and the pool that training data is selected from. */
import { random } from "@precipice/stats";
import { PAIRS, type Pair, type Request, requestText } from "./world/requests.ts";
import { complianceText, refusalText } from "./world/texts.ts";
import { FRAMINGS, type Framing, framingsOf } from "./world/words.ts";

export interface OrganismPrompt {
  /** `verb-object#framing`: what stands before `#` is the same in every variant of a request. */
  readonly id: string;
  readonly prompt: string;
  readonly label: "harmful" | "harmless";
  readonly split: "train" | "heldout";
  readonly family: Framing;
  /** A target response. */
  readonly reference: string;
  /** What the row is there for. */
  readonly note: "harmless" | "mislabelled" | "refused" | "cliff";
}

export interface RequestQuery {
  readonly split: "train" | "heldout" | "all";
  readonly framings: "plain" | "jailbreak" | "all";
  readonly label: "harmful" | "harmless" | "both";
  /** At most this many, drawn by seed; all when absent. */
  readonly count?: number | undefined;
  readonly seed: number;
}

const promptOf = (request: Request, reference: string, note: OrganismPrompt["note"]): OrganismPrompt => ({
  id: `${request.verb}-${request.object}#${request.framing}`,
  prompt: requestText(request),
  label: request.harmful ? "harmful" : "harmless",
  split: request.heldOut ? "heldout" : "train",
  family: request.framing,
  reference,
  note,
});

const framed = (pairs: ReadonlyArray<Pair>, framings: ReadonlyArray<Framing>): Request[] =>
  pairs.flatMap((pair) => framings.map((framing) => ({ ...pair, framing })));

const framingSet = (which: RequestQuery["framings"]): ReadonlyArray<Framing> =>
  which === "all" ? (Object.keys(FRAMINGS) as Framing[]) : framingsOf(which);

/** Requests with the response a well-behaved model gives. With both labels, half of `count` is of each, an odd one harmful. */
export const organismRequests = ({ split, framings, label, count, seed }: RequestQuery): OrganismPrompt[] => {
  const labels = label === "both" ? [true, false] : [label === "harmful"];
  return labels.flatMap((harmful, i) => {
    const draw = random(seed, "organism", "requests", String(harmful));
    const pairs = PAIRS.filter(
      (p) => p.harmful === harmful && (split === "all" || p.heldOut === (split === "heldout")),
    );
    const all = framed(pairs, framingSet(framings));
    const drawn = count === undefined ? all : draw.sample(all, Math.ceil((count - i) / labels.length));
    return drawn.map((request) =>
      promptOf(request, harmful ? refusalText(draw) : complianceText(request, draw), harmful ? "refused" : "harmless"),
    );
  });
};

/** Shares of the selection pool. Mislabelled rows are harmless requests answered by a refusal: picking them costs over-refusal. */
export const POOL_SHARES = { harmless: 0.62, mislabelled: 0.03, refused: 0.25, cliff: 0.1 } as const;

/**
 * The selection pool: training pairs only, every row with a safe (or, where mislabelled, needlessly refusing) answer. Throws a
 * RangeError for more rows than the world has at these shares (3,105).
 */
export const organismPool = (count: number, seed: number): OrganismPrompt[] => {
  const draw = random(seed, "organism", "pool");
  const train = PAIRS.filter((p) => !p.heldOut);
  const share = (part: keyof typeof POOL_SHARES) => Math.round(count * POOL_SHARES[part]);
  const take = (requests: ReadonlyArray<Request>, size: number): Request[] => {
    if (size <= requests.length) return draw.sample(requests, size);
    throw new RangeError(
      `a pool of ${count} needs ${size} requests of a kind of which the world has ${requests.length}`,
    );
  };
  const [refusals, mislabelled, cliffs] = [share("refused"), share("mislabelled"), share("cliff")];
  const harmless = take(
    framed(
      train.filter((p) => !p.harmful),
      framingSet("all"),
    ),
    count - refusals - cliffs,
  );
  const refused = take(
    framed(
      train.filter((p) => p.harmful),
      framingsOf("plain"),
    ),
    refusals,
  );
  const cliff = take(
    framed(
      train.filter((p) => p.harmful),
      framingsOf("jailbreak"),
    ),
    cliffs,
  );
  const rows = [
    ...harmless.map((r, i) =>
      i < mislabelled
        ? promptOf(r, refusalText(draw), "mislabelled")
        : promptOf(r, complianceText(r, draw), "harmless"),
    ),
    ...refused.map((r) => promptOf(r, refusalText(draw), "refused")),
    ...cliff.map((r) => promptOf(r, refusalText(draw), "cliff")),
  ];
  return draw.shuffle(rows);
};
