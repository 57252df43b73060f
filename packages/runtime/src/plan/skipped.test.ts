import * as Effect from "effect/Effect";
import { expect, it } from "vitest";
import { planned } from "../fixtures/project.ts";
import { temporaryFolder } from "../fixtures/temporary.ts";
import { skippedGroups } from "./skipped.ts";

it("groups skipped nodes by the condition behind them, through any number of inputs", async () => {
  const text = `version: 1
vars: { most: 1, controls: false }
nodes:
  a: { stage: num.source, matrix: { n: [1, 2, 3] }, when: matrix.n <= vars.most, config: { values: ["\${matrix.n}"] } }
  b: { stage: num.scale, matrix: { n: [1, 2, 3] }, inputs: { numbers: "a[n=\${matrix.n}]" }, config: { factor: 2 } }
  c: { stage: num.scale, inputs: { numbers: "b[n=3]" }, config: { factor: 2 } }
  d: { stage: num.source, when: vars.controls, config: { values: [1] } }
`;
  const plan = await Effect.runPromise(planned({ root: temporaryFolder(), text }));
  const nodes = plan.nodes.map(({ node, status, reason }) => ({ node: node.name, status, reason }));
  expect(skippedGroups(nodes)).toEqual([
    { reason: "when: matrix.n <= vars.most", nodes: ["a[n=2]", "a[n=3]", "b[n=2]", "b[n=3]", "c"] },
    { reason: "when: vars.controls", nodes: ["d"] },
  ]);
});
