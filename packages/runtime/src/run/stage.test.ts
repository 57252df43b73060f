import { join } from "node:path";
import * as Effect from "effect/Effect";
import { expect, it } from "vitest";
import { scale, source } from "../fixtures/numbers.ts";
import { temporaryFolder } from "../fixtures/temporary.ts";
import { runStage } from "./stage.ts";

it("runStage runs stages by hand, one's outputs as the other's inputs", async () => {
  const folder = temporaryFolder();
  const rows = await Effect.runPromise(
    Effect.gen(function* () {
      const { numbers } = yield* runStage(source, {
        config: { values: [4, 5] },
        inputs: {},
        folder: join(folder, "a"),
      });
      const scaled = yield* runStage(scale, { config: { factor: 10 }, inputs: { numbers }, folder: join(folder, "b") });
      return yield* scaled.numbers.rows("numbers");
    }),
  );
  expect(rows).toEqual([{ value: 40 }, { value: 50 }]);
});

it("runStage refuses a config that does not decode", async () => {
  const options = {
    config: { factor: "x" as never },
    inputs: { numbers: undefined as never },
    folder: temporaryFolder(),
  };
  const error = await Effect.runPromise(Effect.flip(runStage(scale, options)));
  expect(error).toMatchObject({ code: "E_CONFIG", message: expect.stringContaining("factor") });
});
