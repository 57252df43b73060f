/** `precipice serve MODEL…`: checkpoints behind an OpenAI-compatible address, with interventions and adapters by request. */
import { badByte, checkDepth, readFileBytesSync } from "@precipice/files";
import { Artifact } from "@precipice/runtime";
import * as Argument from "effect/cli/Argument";
import * as Command from "effect/cli/Command";
import * as Flag from "effect/cli/Flag";
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import * as flags from "../flags.ts";
import { goOnWithoutReader } from "../process/output.ts";
import { downloadLine } from "../terminal/download-line.ts";
import { CommandError, commandErrorOf } from "../terminal/errors.ts";
import { printable } from "../terminal/text.ts";
import { chatFlags, chatOf } from "./chat-flags.ts";

const { system: _, ...thinkingFlags } = chatFlags;

const repeated = (name: string, metavar: string, description: string) =>
  Flag.String(name).pipe(Flag.withDescription(description), Flag.withMetavar(metavar), Flag.atLeast(0));
const count = (name: string, description: string) =>
  Flag.Int(name).pipe(Flag.withDescription(description), Flag.withMetavar("n"));

const options = {
  models: Argument.String("model").pipe(
    Argument.withDescription(
      "A checkpoint folder, hf://org/name@revision or organism://name; NAME=… gives it another name; several may be served",
    ),
    Argument.atLeast(1),
  ),
  host: Flag.String("host").pipe(
    Flag.withDescription("Address to listen on; 0.0.0.0 lets other machines in, and needs --api-key-env or --open"),
    Flag.withDefault("127.0.0.1"),
  ),
  open: Flag.Boolean("open").pipe(
    Flag.withDescription("Let other machines in although no key is asked for"),
    Flag.withDefault(false),
  ),
  port: count("port", "Port; 0 takes a free one; default: 8000").pipe(Flag.withDefault(8000)),
  apiKeyEnv: Flag.String("api-key-env").pipe(
    Flag.withDescription("Environment variable with the key that clients must send; default: none is asked for"),
    Flag.withMetavar("name"),
    Flag.optional,
  ),
  adapter: repeated(
    "adapter",
    "name=folder",
    "A PEFT adapter of the first model, a model by its own name; may be repeated",
  ),
  heads: repeated("heads", "name=file", 'A set of heads: JSON [{ "layer", "head", "scale": 0 }]; may be repeated'),
  direction: repeated(
    "direction",
    "name=file",
    "A direction of the residual stream: JSON, d_model numbers; may be repeated",
  ),
  judge: Flag.Literals("judge", ["organism-rules"]).pipe(
    Flag.withDescription("Also serve this judge, as a classifier that answers safe or unsafe"),
    Flag.optional,
  ),
  renorm: Flag.Literals("renorm", ["token", "none"]).pipe(
    Flag.withDescription(
      "Rescale scaled heads to their norm before, per token, as heads.ablate does, or not; default: token",
    ),
    Flag.withDefault("token" as const),
  ),
  plain: Flag.Boolean("plain").pipe(
    Flag.withDescription("Build no interventions in: a little faster, requests that ask for them are refused"),
    Flag.withDefault(false),
  ),
  maxTokens: count("max-tokens", "Longest sequence, prompt included; default: the model's own, at most 4096").pipe(
    Flag.optional,
  ),
  atOnce: count("at-once", "Most rows decoded together in a worker; default: 32").pipe(Flag.withDefault(32)),
  queue: count("queue", "Most rows waiting or being written; beyond that clients get 429; default: 512").pipe(
    Flag.withDefault(512),
  ),
  requestRows: count(
    "request-rows",
    "Most rows of one request, prompts times n; beyond that it gets 400; default: 128, at most --queue",
  ).pipe(Flag.withDefault(128)),
  queueTokens: count(
    "queue-tokens",
    "Most tokens of prompts, of all rows waiting or being written; default: 4194304",
  ).pipe(Flag.withDefault(4_194_304)),
  connections: count("connections", "Most connections at once; default: 4096").pipe(Flag.withDefault(4096)),
  workers: count(
    "workers",
    "Worker threads, each with the weights; default: what a short measurement finds fastest",
  ).pipe(Flag.optional),
  threads: count("threads", "onnxruntime threads per worker; default: measured, as workers").pipe(Flag.optional),
  kvBudgetMb: count("kv-budget-mb", "Memory for keys and values; default: a quarter of what is free").pipe(
    Flag.optional,
  ),
  weights: Flag.Literals("weights", ["float", "int8", "int4"]).pipe(
    Flag.withDescription("int8 and int4 round the weights: faster on large models, other numbers; default: float"),
    Flag.withDefault("float" as const),
  ),
  ...thinkingFlags,
  quiet: Flag.Boolean("quiet").pipe(Flag.withDescription("No line per request"), Flag.withDefault(false)),
  json: flags.json("Print { url, models } as one line when ready"),
};

export const serveCommand = () =>
  Command.make(
    "serve",
    options,
    Effect.fn("precipice serve")(function* (given) {
      const server = yield* Effect.acquireRelease(
        Effect.tryPromise({ try: (signal) => open(given, signal), catch: (error) => commandErrorOf(error, "E_SERVE") }),
        (running) => Effect.promise(() => running.close()),
      );
      const names = server.models.join(", ");
      goOnWithoutReader();
      process.stdout.write(
        given.json
          ? `${JSON.stringify({ url: `${server.url}/v1`, models: server.models })}\n`
          : `${printable(names)} at ${server.url}/v1 — Ctrl-C ends it\n`,
      );
      return yield* Effect.never;
    }, Effect.scoped),
  ).pipe(
    Command.withDescription("Serve checkpoints to any OpenAI client, with interventions and adapters by request"),
    Command.withExamples([
      { command: "precipice serve organism://cliff", description: "At http://127.0.0.1:8000/v1" },
      {
        command: "precipice serve cliff=organism://cliff --adapter repaired=./adapter --heads top=heads.json",
        description: 'Clients choose "model": "repaired", or "interventions": { "heads": "top" }',
      },
      {
        command: "precipice serve hf://org/name --host 0.0.0.0 --api-key-env SERVE_KEY --weights int8",
        description: "For other machines, who must send the key",
      },
    ]),
  );

type Given = Command.Command.Config.Infer<typeof options>;

const open = async (given: Given, signal: AbortSignal) => {
  const {
    host,
    port,
    atOnce: batch,
    queue,
    requestRows,
    queueTokens,
    connections,
    renorm,
    plain,
    weights,
    quiet,
  } = given;
  const at = (flag: string, value: number | undefined, least: number) => {
    if (value !== undefined && value < least)
      throw new CommandError("E_FLAG", `${flag} must be at least ${least}, not ${value}`);
    return value;
  };
  at("--port", port, 0);
  at("--at-once", batch, 1);
  at("--queue", queue, 1);
  at("--request-rows", requestRows, 1);
  at("--queue-tokens", queueTokens, 1);
  at("--connections", connections, 1);
  const maxTokens = at("--max-tokens", Option.getOrUndefined(given.maxTokens), 2);
  const fixed = {
    workers: at("--workers", Option.getOrUndefined(given.workers), 1),
    threads: at("--threads", Option.getOrUndefined(given.threads), 1),
  };
  const kvBudgetMb = at("--kv-budget-mb", Option.getOrUndefined(given.kvBudgetMb), 1);
  const { templateVars, reasoning } = chatOf({ ...given, system: Option.none() });
  const apiKey = keyOf(Option.getOrUndefined(given.apiKeyEnv));
  const sources = given.models.map(namedSource);
  const twice = sources.find(({ id }, i) => sources.findIndex((other) => other.id === id) !== i);
  if (twice !== undefined)
    throw new CommandError("E_FLAG", `two models are called ${twice.id}; write NAME=${twice.source}`);
  const heads = jsonFiles("--heads", given.heads, headsOf);
  const directions = jsonFiles("--direction", given.direction, numbersOf);
  const folders = given.adapter.map((text) => pair("--adapter", text));
  // loaded here: onnxruntime would slow down every other command's start
  const [
    { Checkpoint, chooseParallelism },
    { fetchCheckpoint },
    { openProblem, openServedModel, startServer },
    { readAdapter },
    { servedJudge },
  ] = await Promise.all([
    import("@precipice/model"),
    import("@precipice/organism"),
    import("@precipice/serve"),
    import("@precipice/finetune"),
    import("./serve-judges.ts"),
  ]);
  const problem = openProblem({ host, apiKey, open: given.open });
  if (problem !== undefined)
    throw new CommandError(
      "E_SERVE_OPEN",
      problem,
      "Set a key with --api-key-env NAME, or give --open if everyone who reaches the address may ask.",
    );
  const opened: Array<Awaited<ReturnType<typeof openServedModel>>> = [];
  try {
    for (const [i, { id, source }] of sources.entries()) {
      const download = downloadLine();
      const folder = await fetchCheckpoint(source, process.cwd(), { ...download, signal }).finally(download.close);
      for (const path of [folder, ...(i > 0 ? [] : folders.map(([, path]) => path))])
        await Effect.runPromise(Artifact.assertWhole(path));
      const checkpoint = Checkpoint.open(folder);
      for (const notice of checkpoint.notices) process.stderr.write(`note: ${printable(notice)}\n`);
      const adapters =
        i > 0 ? {} : Object.fromEntries(folders.map(([name, path]) => [name, readAdapter(path, checkpoint.config)]));
      const clash = Object.keys(adapters).find((name) => sources.some((other) => other.id === name));
      if (clash !== undefined) throw new CommandError("E_FLAG", `a model and an adapter are both called ${clash}`);
      const split = await chooseParallelism(checkpoint, {
        ...fixed,
        batch,
        weights,
        ...(plain ? {} : { headScale: renorm }),
      });
      opened.push(
        await openServedModel({
          id,
          checkpoint,
          adapters,
          renorm: plain ? undefined : renorm,
          heads,
          directions,
          templateVars,
          reasoning,
          generator: {
            batch,
            weights,
            workers: split.workers,
            threads: split.threads,
            ...(maxTokens === undefined ? {} : { maxTokens: Math.min(maxTokens, checkpoint.config.maxPositions) }),
            ...(kvBudgetMb === undefined ? {} : { kvBudgetBytes: (kvBudgetMb * 1e6) / sources.length }),
          },
        }),
      );
    }
    const rules = Option.match(given.judge, { onNone: () => [], onSome: (name) => [servedJudge(name)] });
    const running = await startServer({
      models: opened,
      rules,
      host,
      port,
      queue,
      requestRows,
      queueTokens,
      connections,
      open: given.open,
      apiKey,
      onRequest: ({ method, path, status, durationMs, usage, error }) => {
        if (quiet) return;
        const tokens = usage === undefined ? "" : ` ${usage.prompt_tokens} + ${usage.completion_tokens} tokens`;
        const why = error === undefined ? "" : ` ${error}`;
        process.stderr.write(`${printable(`${method} ${path} ${status} ${durationMs} ms${tokens}${why}`)}\n`);
      },
    });
    const names = opened.flatMap((model) => [model.id, ...Object.keys(model.adapters ?? {})]);
    return { ...running, models: [...names, ...rules.map(({ id }) => id)] };
  } catch (error) {
    await Promise.all(opened.map((model) => model.close()));
    if ((error as NodeJS.ErrnoException).code === "EADDRINUSE")
      throw new CommandError(
        "E_SERVE_PORT",
        `port ${port} of ${host} is taken`,
        "Give another one, or --port 0 for any.",
      );
    throw error;
  }
};

const keyOf = (variable: string | undefined): string | undefined => {
  if (variable === undefined) return undefined;
  const key = process.env[variable]?.trim();
  if (key !== undefined && key !== "") return key;
  throw new CommandError("E_SERVER_KEY", `the environment variable ${variable} is not set`, "Put the key into it.");
};

/** `cliff=organism://cliff`; without a name it is called as it is written. A folder may hold "=" only behind a slash. */
const namedSource = (text: string): { readonly id: string; readonly source: string } => {
  const match = /^([^=/\\:]+)=(.+)$/.exec(text);
  return match === null ? { id: text, source: text } : { id: match[1] as string, source: match[2] as string };
};

const pair = (flag: string, text: string): readonly [string, string] => {
  const at = text.indexOf("=");
  if (at > 0 && at < text.length - 1) return [text.slice(0, at), text.slice(at + 1)];
  throw new CommandError("E_FLAG", `${flag} takes NAME=PATH, not ${JSON.stringify(text)}`);
};

const jsonFiles = <A>(flag: string, given: ReadonlyArray<string>, read: (json: unknown) => A | undefined) =>
  Object.fromEntries(
    given.map((text) => {
      const [name, file] = pair(flag, text);
      const refuse = (problem: string): never => {
        throw new CommandError("E_SERVE_FILE", `${file}: ${problem}`, `See precipice serve --help on ${flag}.`);
      };
      let json: unknown;
      try {
        const bytes = readFileBytesSync(file, 64 << 20);
        const bad = badByte(bytes);
        if (bad !== undefined) throw new Error(`${bad.message} (line ${bad.line}, column ${bad.column})`);
        const content = new TextDecoder("utf-8").decode(bytes);
        checkDepth(content);
        json = JSON.parse(content);
      } catch (error) {
        return refuse(`cannot be read: ${(error as Error).message}`);
      }
      return [name, read(json) ?? refuse("holds something else than it should")] as const;
    }),
  );

const headsOf = (json: unknown) => {
  if (!Array.isArray(json)) return undefined;
  const sound = (json as ReadonlyArray<Record<string, unknown> | null>).every(
    (one) =>
      Number.isInteger(one?.["layer"]) &&
      Number.isInteger(one?.["head"]) &&
      (one?.["scale"] === undefined || Number.isFinite(one["scale"])),
  );
  if (!sound) return undefined;
  return (json as ReadonlyArray<{ layer: number; head: number; scale?: number }>).map(({ layer, head, scale = 0 }) => ({
    layer,
    head,
    scale,
  }));
};

const numbersOf = (json: unknown) =>
  Array.isArray(json) && json.length > 0 && json.every((x) => Number.isFinite(x)) ? (json as number[]) : undefined;
