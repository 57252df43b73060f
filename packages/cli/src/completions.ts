/**
 * `--completions SHELL`: the script of effect/cli, which knows commands, flags and choices, told what else is known of a value:
 * files, folders and names of stages. The script is static, so that a key press never waits for a process: names that stand
 * in a pipeline file are not in it.
 */
import * as Completions from "effect/cli/Completions";
import * as GlobalFlag from "effect/cli/GlobalFlag";
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";

const file: Completions.FlagType & Completions.ArgumentType = { _tag: "Path", pathType: "file" };
const folder: typeof file = { _tag: "Path", pathType: "directory" };
const either: typeof file = { _tag: "Path", pathType: "either" };

/** Values that are paths, by the name of their flag or argument. `to` of `run` and `plan` is a node, that of `export` a folder. */
const paths: { readonly [name: string]: typeof file } = {
  file,
  vars: file,
  root: folder,
  folder,
  model: either,
  checkpoint: either,
  plugin: either,
  what: either,
};

/** The command as it is completed; `stages` are the ids that `precipice stages` takes. */
export function completed(
  command: Completions.CommandDescriptor,
  stages: ReadonlyArray<string>,
): Completions.CommandDescriptor {
  const typeOf = <T extends Completions.FlagType | Completions.ArgumentType>(name: string, type: T) =>
    type._tag !== "String" ? type : (paths[name] ?? type);
  return {
    ...command,
    flags: command.flags.map((flag) => ({ ...flag, type: typeOf(flag.name, flag.type) })),
    arguments: command.arguments.map((argument) => ({
      ...argument,
      type:
        command.name === "stages" && argument.name === "name"
          ? { _tag: "Choice", values: stages }
          : typeOf(argument.name, argument.type),
    })),
    subcommands: command.subcommands.map((sub) => completed(sub, stages)),
  };
}

/** The global flag, for effect/cli's own in its list of built-ins. */
export const completions = (stages: ReadonlyArray<string>) =>
  GlobalFlag.Action({
    flag: GlobalFlag.Completions.flag,
    run: Effect.fnUntraced(function* (shell: Option.Option<Completions.Shell>, { command }) {
      if (Option.isNone(shell)) return;
      const descriptor = completed(Completions.fromCommand(command), stages);
      yield* Effect.sync(() => {
        process.stdout.write(`${Completions.generate(command.name, shell.value, descriptor)}\n`);
      });
    }),
  });
