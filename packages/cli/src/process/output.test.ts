import { EventEmitter } from "node:events";
import { Writable } from "node:stream";
import { expect, it } from "vitest";
import { watchOutput } from "./output.ts";

/** A process whose stdout fails with `code` on every write. */
async function writingTo(code: string, goesOn: boolean) {
  const stdout = new Writable({ write: (_, __, done) => done(Object.assign(new Error(`${code}: broken`), { code })) });
  const told: Array<string> = [];
  const exits: Array<number> = [];
  const stderr = Object.assign(new EventEmitter(), { write: (text: string) => told.push(text) });
  const target = {
    stdout,
    stderr,
    exitCode: undefined as number | undefined,
    exit: (code: number) => void exits.push(code),
  };
  const output = watchOutput(target);
  if (goesOn) output.goOnWithoutReader();
  const failed = new Promise((resolve) => stdout.on("error", resolve));
  stdout.write("a line\n");
  await failed;
  stderr.emit("error", Object.assign(new Error("EPIPE"), { code: "EPIPE" }));
  return { exits, exitCode: target.exitCode, told: told.join("") };
}

it.each([
  ["EPIPE", false, { exits: [141], exitCode: undefined, told: "" }],
  ["EPIPE", true, { exits: [], exitCode: undefined, told: "" }],
  ["EIO", true, { exits: [], exitCode: undefined, told: "" }],
  [
    "ENOSPC",
    false,
    {
      exits: [1],
      exitCode: undefined,
      told: expect.stringMatching(/^E_OUTPUT .*ENOSPC.*\n {2}What was printed is not all/),
    },
  ],
  [
    "ENOSPC",
    true,
    { exits: [], exitCode: 1, told: expect.stringMatching(/^E_OUTPUT .*ENOSPC.*\n {2}The work goes on/) },
  ],
])("stdout that fails with %s; work goes on: %s", async (code, goesOn, expected) => {
  expect(await writingTo(code, goesOn)).toEqual(expected);
});
