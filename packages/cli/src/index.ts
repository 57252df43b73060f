/** The command line for any registry of stages: another repository can ship its own stages under the same commands. */
export { runCli } from "./cli.ts";
export { registry } from "./registry.ts";
