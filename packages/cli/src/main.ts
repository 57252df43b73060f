/** The `precipice` process: arguments in, exit code out. */
import { runCli } from "./cli.ts";
import { registry } from "./registry.ts";

runCli(registry);
