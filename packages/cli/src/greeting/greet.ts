/** `precipice` alone: who it is, where one stands, what comes next. */
import * as Effect from "effect/Effect";
import { resolveRoot } from "../flags.ts";
import { painterFor, printable } from "../terminal/text.ts";
import { nextSteps, type Step } from "./next-steps.ts";
import { situationOf } from "./situation.ts";

const always: ReadonlyArray<Step> = [
  { command: "precipice --help", does: "all commands; COMMAND --help shows examples" },
  { command: "precipice stages", does: "what pipelines are made of" },
];

export const greet = Effect.fn("greet")(function* (version: string) {
  const folder = process.cwd();
  const { now, steps } = nextSteps(yield* situationOf(folder, yield* resolveRoot(undefined)));
  const paint = painterFor(process.stdout);
  const width = Math.max(...[...steps, ...always].map(({ command }) => command.length));
  const line = ({ command, does }: Step) => `  ${printable(command).padEnd(width)}  ${paint("dim", does)}`;
  const lines = [
    `${paint("bold", "precipice")} ${version} finds, explains and repairs the refusal cliff of reasoning models.`,
    "",
    `${printable(now)} Next:`,
    ...steps.map(line),
    "",
    ...always.map(line),
  ];
  process.stdout.write(`${lines.join("\n")}\n`);
});
