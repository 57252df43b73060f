/** How usage errors are told: the error and where help is, not a screen of help with the error below it. */
import * as CliConfig from "effect/cli/CliConfig";
import * as CliOutput from "effect/cli/CliOutput";
import * as GlobalFlag from "effect/cli/GlobalFlag";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import { completions } from "../completions.ts";
import { painterFor, printable } from "./text.ts";

const presenter: CliOutput.Presenter = {
  present: (event) => {
    if (event._tag !== "InvalidInvocation") return CliOutput.defaultPresenter.present(event);
    return Effect.sync(() => {
      const paint = painterFor(process.stderr);
      const errors = event.errors.map(
        ({ message }) => `${paint("red", "E_USAGE")} ${message.split("\n").map(printable).join("\n")}`,
      );
      process.stderr.write(`${errors.join("\n")}\n${paint("dim", `  ${event.commandPath.join(" ")} --help`)}\n`);
    });
  },
};

/** The presenter, and the global flags that mean something here. */
export const usage = (stages: ReadonlyArray<string>) =>
  Layer.mergeAll(
    CliOutput.layerPresenter(presenter),
    CliConfig.layer({ builtIns: [GlobalFlag.Help, GlobalFlag.Version, completions(stages)] }),
  );
