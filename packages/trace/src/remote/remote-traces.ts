/** Traces by a server: many requests in flight, each reply kept as it comes, rows that fail for good told one by one. */
import { type Prompt, Traces, traceRow } from "@precipice/artifacts";
import { Checkpoint, type Reasoning, reasoningOf } from "@precipice/model";
import { Artifact, attempt, type MapRows, type OnError, type StageError } from "@precipice/runtime";
import * as Effect from "effect/Effect";
import { describeReasoning } from "../describe-traces.ts";
import { asStageFailure, type OpenAiClient, openAiClient, type ServerError } from "../openai/index.ts";
import { ask } from "./ask.ts";
import { type Backend, type RemoteConfig, repliesDependOn } from "./backend-config.ts";
import { remoteTrace } from "./remote-trace.ts";
import { openJournal, type ReplyJournal } from "./reply-journal.ts";
import { UsageRow } from "./usage.ts";

/** Traces with what they took: the kind that shards of replies are kept as. */
export const RemoteTraces = Artifact.kind("remote-traces", {
  version: 1,
  description: "Traces written by a server, with the tokens it counted",
  tables: { traces: Traces.tables.traces, usage: UsageRow },
});

export interface RemoteWork {
  readonly backend: Backend;
  readonly config: RemoteConfig & { readonly arm: string; readonly onError: OnError };
  readonly folder: string;
  readonly scratch: string;
  readonly log: (message: string) => Effect.Effect<void>;
}

interface Opened {
  readonly checkpoint: Checkpoint;
  readonly client: OpenAiClient;
  readonly format: Reasoning;
  readonly journal: ReplyJournal;
}

/** As many rows are begun for each request in flight, so that those that wait for a second try keep no other waiting. */
const ROWS_PER_REQUEST = 4;

export const mapRemote = (mapRows: MapRows, prompts: readonly Prompt[], work: RemoteWork) => {
  const { backend, config, folder, scratch, log } = work;
  const { arm, seed } = config;
  return mapRows({
    kind: RemoteTraces,
    rows: prompts,
    id: (prompt) => prompt.id,
    port: "prompts",
    rowsPerShard: 32,
    unit: "replies",
    key: { arm, replies: repliesDependOn(config, backend) },
    onError: config.onError,
    open: Effect.gen(function* () {
      const checkpoint = yield* attempt(() => Checkpoint.open(folder));
      const format = yield* attempt(() => reasoningOf(checkpoint, config));
      const client = yield* openAiClient(backend, { onWait: log }).pipe(Effect.mapError(asStageFailure));
      const journal = yield* attempt(() => openJournal(scratch));
      yield* log(describeReasoning(format));
      if (journal.size > 0) yield* log(`${journal.size} replies are known from a run that was cut off`);
      const opened: Opened = { checkpoint, client, format, journal };
      return opened;
    }),
    run: ({ checkpoint, client, format, journal }, rows, { emit, fail, detail }) => {
      const context = { checkpoint, format, api: backend.api, stop: [...(config.stop ?? []), ...moreStops(backend)] };
      const gone = lostServer(backend);
      let tokens = 0;
      const write = Effect.fnUntraced(function* (prompt: Prompt, i: number) {
        const asked = yield* attempt(() => ask(client, checkpoint, format, prompt, config, backend));
        const kept = journal.find(prompt.id);
        const reply = kept ?? (yield* asked.reply);
        const { trace, promptTokens, completionTokens } = yield* remoteTrace(context, asked.prompt, reply);
        if (kept === undefined) yield* attempt(() => journal.keep(prompt.id, reply));
        gone.answered();
        tokens += reply.completionTokens ?? completionTokens;
        detail(`${tokens} tokens`);
        const row = traceRow(prompt, trace, arm, 0, seed);
        const usage: UsageRow = {
          trace_id: row.id,
          prompt_tokens: reply.promptTokens,
          completion_tokens: reply.completionTokens,
          own_prompt_tokens: promptTokens,
          own_completion_tokens: completionTokens,
        };
        emit(i, { traces: [row], usage: [usage] });
      });
      return Effect.forEach(
        rows,
        (prompt, i) =>
          write(prompt, i).pipe(
            Effect.catchTag("ServerError", (error): Effect.Effect<void, StageError> => {
              const failure = asStageFailure(error);
              if (config.onError === "fail" || gone.refuses(error)) return Effect.fail(failure);
              return Effect.sync(() => fail(i, failure));
            }),
          ),
        { concurrency: ROWS_PER_REQUEST * backend.maxConcurrency, discard: true },
      );
    },
  });
};

/** Texts and tokens that end a reply by `extraBody`. */
const moreStops = ({ extraBody }: Backend): readonly string[] =>
  ["stop", "stop_token_ids"].flatMap((key) => extraBody[key] ?? []).map(String);

/** Where rows may fail, a server that refuses the key or is not there at all would fail them all: that ends the stage. */
const lostServer = ({ maxConcurrency }: Backend) => {
  let inARow = 0;
  return {
    answered: () => {
      inARow = 0;
    },
    refuses: ({ code }: ServerError): boolean => {
      if (code === "E_SERVER_KEY") return true;
      inARow = code === "E_SERVER_CONNECTION" ? inARow + 1 : 0;
      return inARow > 2 * ROWS_PER_REQUEST * maxConcurrency;
    },
  };
};
