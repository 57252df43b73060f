/** `precipice view`: the runs and the store in a browser, on this machine only, for reading only. */
import * as Command from "effect/cli/Command";
import * as Flag from "effect/cli/Flag";
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import * as flags from "../flags.ts";
import { goOnWithoutReader } from "../process/output.ts";
import { CommandError } from "../terminal/errors.ts";
import { painterFor, printable } from "../terminal/text.ts";

/** Where it is, unless told otherwise: an address that can be kept. */
const usualPort = 4747;

export const viewCommand = () =>
  Command.make(
    "view",
    {
      port: Flag.Int("port").pipe(
        Flag.withDescription(
          `Port on 127.0.0.1; 0 is any free one. Without it ${usualPort}, or any free one if that is taken`,
        ),
        Flag.withMetavar("n"),
        Flag.filter(
          (n) => n >= 0 && n <= 65_535,
          () => "a port: 0 to 65535",
        ),
        Flag.optional,
      ),
      root: flags.root,
      json: flags.json("Print { url, root } as one line"),
    },
    Effect.fn("precipice view")(function* ({ port, root, json }) {
      const folder = yield* flags.resolveRoot(Option.getOrUndefined(root));
      const { startViewer } = yield* Effect.promise(() => import("../view/viewer.ts"));
      const listen = (wanted: number) =>
        Effect.tryPromise({
          try: () => startViewer(folder, wanted),
          catch: (error) =>
            new CommandError(
              "E_VIEW_PORT",
              `port ${wanted} of 127.0.0.1 cannot be had: ${(error as Error).message}`,
              "Give another one with --port; 0 takes any free one.",
            ),
        });
      const open = Option.match(port, {
        onNone: () => Effect.catch(listen(usualPort), () => listen(0)),
        onSome: listen,
      });
      const { url } = yield* Effect.acquireRelease(open, ({ close }) => Effect.promise(close));
      goOnWithoutReader();
      const paint = painterFor(process.stdout);
      process.stdout.write(
        json
          ? `${JSON.stringify({ url, root: folder })}\n`
          : `${paint("bold", url)}  the runs in ${printable(folder)}\n${paint("dim", "Only this machine can open it; nothing can be changed from there. Ctrl-C ends it.")}\n`,
      );
      return yield* Effect.never;
    }, Effect.scoped),
  ).pipe(
    Command.withDescription("Look at runs in a browser: list, compare, reports, live while they go on"),
    Command.withExamples([
      { command: "precipice view", description: "Prints the address to open" },
      { command: "precipice view --port 8080 --root ../study", description: "The runs of another folder" },
    ]),
  );
