/** What every command owes its users, however many there will be. */
import * as Completions from "effect/cli/Completions";
import { expect, it } from "vitest";
import { rootCommand } from "./cli.ts";
import { registry } from "./fixtures/stages.ts";

interface Described {
  readonly name: string;
  readonly description: string | undefined;
  readonly examples: ReadonlyArray<{ readonly command: string; readonly description?: string | undefined }>;
  readonly subcommands: ReadonlyArray<{ readonly commands: ReadonlyArray<Described> }>;
}

/** Every command with the words that call it. */
const all = (command: Described, path: string): ReadonlyArray<readonly [string, Described]> => [
  [path, command],
  ...command.subcommands.flatMap(({ commands }) => commands.flatMap((sub) => all(sub, `${path} ${sub.name}`))),
];
const commands = all(rootCommand(registry) as unknown as Described, "precipice");

it("finds the commands", () => {
  expect(commands.map(([path]) => path)).toEqual(
    expect.arrayContaining([
      "precipice",
      "precipice run",
      "precipice doctor",
      "precipice doctor parity",
      "precipice new stage",
    ]),
  );
});

it.each(commands)("%s has a description and examples that call it", (path, { description, examples }) => {
  expect(description).toMatch(/^[A-Z]/);
  expect(examples.length).toBeGreaterThan(0);
  for (const example of examples) {
    expect(example.command).toMatch(new RegExp(`^${path}( |$)`));
    expect(example.description).toMatch(/\S/);
  }
});

/** nx takes these for itself, so that they would never arrive. */
const eaten =
  "verbose parallel skip-nx-cache c graph batch project target runner output-style env cwd command args".split(" ");

it("no command has a flag that nx takes for itself, or one without a description", () => {
  const flags = (command: Completions.CommandDescriptor): ReadonlyArray<Completions.FlagDescriptor> => [
    ...command.flags,
    ...command.subcommands.flatMap(flags),
  ];
  const found = flags(Completions.fromCommand(rootCommand(registry)));
  expect(found.length).toBeGreaterThan(40);
  expect(found.filter(({ name }) => eaten.includes(name)).map(({ name }) => name)).toEqual([]);
  expect(found.filter(({ description }) => !description).map(({ name }) => name)).toEqual([]);
});
