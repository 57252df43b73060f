/** The `precipice` process: arguments in, exit code out. */
import * as Effect from "effect/Effect";
import { runCli } from "./cli.ts";
import { tellDeath } from "./process/death.ts";
import { registry } from "./registry.ts";

const { PRECIPICE_DEATH } = process.env;
if (PRECIPICE_DEATH === undefined) runCli(registry);
else await Effect.runPromise(tellDeath(PRECIPICE_DEATH, process.argv.slice(2)));
