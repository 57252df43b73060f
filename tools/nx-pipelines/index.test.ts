import { expect, it } from "vitest";
// @ts-expect-error the plugin is plain JavaScript so that nx loads it on any Node
import { createNodes } from "./index.mjs";

it("makes one uncached target of project pipelines per file, without dependencies", () => {
  const [pattern, create] = createNodes;
  expect(pattern).toBe("pipelines/**/*.yaml");
  const [[source, { projects }]] = create(["pipelines/paper-repro.yaml", "pipelines/more/deep.yaml"]);
  expect(source).toBe("pipelines/paper-repro.yaml");
  const { targets } = projects.pipelines;
  expect(Object.keys(targets)).toEqual(["paper-repro", "more-deep"]);
  expect(targets["more-deep"]).toMatchObject({
    cache: false,
    options: { command: "node packages/cli/bin/precipice.mjs run pipelines/more/deep.yaml" },
  });
  // With dependsOn, nx draws its own screen over the live view.
  expect(targets["more-deep"]).not.toHaveProperty("dependsOn");
  expect(create([])).toEqual([]);
});
