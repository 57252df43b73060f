/** The page of all commands: what `--help` tells, as Markdown. */
import * as NodeServices from "@effect/platform-node/NodeServices";
import { registry } from "@precipice/cli";
import * as CliConfig from "effect/cli/CliConfig";
import * as CliOutput from "effect/cli/CliOutput";
import * as Command from "effect/cli/Command";
import * as GlobalFlag from "effect/cli/GlobalFlag";
import type * as HelpDoc from "effect/cli/HelpDoc";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Option from "effect/Option";
import { rootCommand } from "../../packages/cli/src/cli.ts";
import { markdownTable } from "./table.ts";

/** Help of a command, as its flags define it. */
async function helpOf(path: ReadonlyArray<string>): Promise<HelpDoc.HelpDoc> {
  let found: HelpDoc.HelpDoc | undefined;
  const presenter: CliOutput.Presenter = {
    present: (event) =>
      Effect.sync(() => {
        if (event._tag === "Help") found = event.helpDoc;
      }),
  };
  const program = Command.runWith(rootCommand(registry), { version: "" })([...path, "--help"]).pipe(
    Effect.provide(
      Layer.mergeAll(
        NodeServices.layer,
        CliOutput.layerPresenter(presenter),
        CliConfig.layer({ builtIns: [GlobalFlag.Help, GlobalFlag.Version, GlobalFlag.Completions] }),
      ),
    ),
  );
  await Effect.runPromise(program as Effect.Effect<unknown>);
  if (found === undefined) throw new Error(`precipice ${path.join(" ")} --help printed no help`);
  return found;
}

interface Helped {
  readonly path: ReadonlyArray<string>;
  readonly help: HelpDoc.HelpDoc;
}

/** This command and what is below it, in the order of the help. */
async function walk(path: ReadonlyArray<string>): Promise<ReadonlyArray<Helped>> {
  const help = await helpOf(path);
  const own = [{ path, help }];
  for (const { name } of (help.subcommands ?? []).flatMap(({ commands }) => commands)) {
    own.push(...(await walk([...path, name])));
  }
  return own;
}

/** Every command with its help. */
export const commands = (): Promise<ReadonlyArray<Helped>> => walk([]);

const section = ({ path, help }: Helped): ReadonlyArray<string> => {
  const flag = ({ name, type, aliases }: HelpDoc.FlagDoc) =>
    `\`${["--", name].join("")}${type === "boolean" ? "" : ` ${type}`}\`${aliases.map((alias) => ` \`${alias}\``).join("")}`;
  const text = (description: Option.Option<string>) => Option.getOrElse(description, () => "");
  return [
    `## precipice ${path.join(" ")}`.trimEnd(),
    "",
    `${help.description}.`,
    "",
    `Usage: \`${help.usage}\``,
    "",
    ...((help.args ?? []).length === 0
      ? []
      : [
          markdownTable(
            ["argument", ""],
            (help.args ?? []).map((arg) => [`\`${arg.name}\``, text(arg.description)]),
          ),
          "",
        ]),
    ...(help.flags.length === 0
      ? []
      : [
          markdownTable(
            ["flag", ""],
            help.flags.map((own) => [flag(own), text(own.description)]),
          ),
          "",
        ]),
    ...((help.examples ?? []).length === 0
      ? []
      : [
          markdownTable(
            ["example", ""],
            (help.examples ?? []).map(({ command, description }) => [`\`${command}\``, description ?? ""]),
          ),
          "",
        ]),
  ];
};

export async function cliPage(): Promise<string> {
  const all = await commands();
  const below = all.filter(({ path }) => path.length > 0);
  return [
    "# Commands",
    "",
    "The `precipice` command, in a clone `npx precipice`. Written by `npm run docs:reference` from the flags themselves;",
    "`precipice COMMAND --help` prints the same. Exit codes: 0 done, 1 failed or refused, 130 interrupted.",
    "",
    markdownTable(
      ["command", ""],
      below.map(({ path, help }) => [`[${path.join(" ")}](#precipice-${path.join("-")})`, help.description]),
    ),
    "",
    ...below.flatMap(section),
  ].join("\n");
}
