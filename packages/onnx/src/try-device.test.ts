import { expect, it } from "vitest";
import { tryDevice } from "./index.ts";

it("computes on the CPU and says by which onnxruntime", async () => {
  expect(await tryDevice("cpu")).toEqual({ version: "1.30.0", error: undefined });
});

it("says in one line why a device is not there, in a process that may crash", async () => {
  const { version, error } = await tryDevice("abacus" as "cpu");
  expect(version).toBe("1.30.0");
  expect(error).toMatch(/^[^\n]*abacus[^\n]*$/);
});
