/** `precipice generate MODEL --prompt TEXT`: what a checkpoint writes, as text or as token ids. */
import { Artifact } from "@precipice/runtime";
import * as Argument from "effect/cli/Argument";
import * as Command from "effect/cli/Command";
import * as Flag from "effect/cli/Flag";
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import * as flags from "../flags.ts";
import { downloadLine } from "../terminal/download-line.ts";
import { CommandError, commandErrorOf } from "../terminal/errors.ts";
import { painterFor, printableText } from "../terminal/text.ts";
import { ThinkingText } from "../terminal/thinking-text.ts";
import { type ChatFlags, chatFlags, chatOf, formatOf } from "./chat-flags.ts";
import { jsonErrors } from "./json-errors.ts";

interface Request extends ChatFlags {
  readonly model: string;
  readonly prompt: string;
  readonly raw: boolean;
  readonly maxTokens: number;
  readonly maxThinkingTokens: number | undefined;
  readonly maxAnswerTokens: number | undefined;
  readonly temperature: number;
  readonly topP: number | undefined;
  readonly seed: number;
  readonly weights: "float" | "int8" | "int4";
  readonly threads: number | undefined;
}

export const generateCommand = () =>
  Command.make(
    "generate",
    {
      model: Argument.String("model").pipe(
        Argument.withDescription(
          "A Hugging Face checkpoint folder, hf://org/name, hf://org/name@revision, or organism://aligned, organism://cliff, organism://drifted",
        ),
      ),
      prompt: Flag.String("prompt").pipe(Flag.withDescription("What the user says"), Flag.withMetavar("text")),
      raw: Flag.Boolean("raw").pipe(
        Flag.withDescription("Continue the prompt as it is, without the chat template"),
        Flag.withDefault(false),
      ),
      maxTokens: Flag.Int("max-tokens").pipe(
        Flag.withDescription("Most tokens to write; default: 256"),
        Flag.withMetavar("n"),
        Flag.withDefault(256),
      ),
      maxThinkingTokens: Flag.Int("max-thinking-tokens").pipe(
        Flag.withDescription("Most tokens of thinking, within --max-tokens"),
        Flag.withMetavar("n"),
        Flag.optional,
      ),
      maxAnswerTokens: Flag.Int("max-answer-tokens").pipe(
        Flag.withDescription("Most tokens after the thinking, within --max-tokens"),
        Flag.withMetavar("n"),
        Flag.optional,
      ),
      ...chatFlags,
      temperature: Flag.Finite("temperature").pipe(
        Flag.withDescription("Sampling temperature; default: 1 with --seed, else greedy"),
        Flag.optional,
      ),
      topP: Flag.Finite("top-p").pipe(
        Flag.withDescription("Sample from the nucleus of this probability"),
        Flag.optional,
      ),
      seed: Flag.Int("seed").pipe(
        Flag.withDescription("Sample with this seed; greedy without"),
        Flag.withMetavar("n"),
        Flag.optional,
      ),
      weights: Flag.Literals("weights", ["float", "int8", "int4"]).pipe(
        Flag.withDescription("int8 and int4 round the weights: faster on large models, other numbers; default: float"),
        Flag.withDefault("float" as const),
      ),
      threads: Flag.Int("threads").pipe(
        Flag.withDescription("onnxruntime threads; default: as many as there are cores"),
        Flag.withMetavar("n"),
        Flag.optional,
      ),
      json: flags.json(
        "Print { text, promptIds, ids, thinking, response, state, reasoning }; ids: new tokens only. thinking, response, state and reasoning are null where the thinking markers are unknown",
      ),
    },
    Effect.fn("precipice generate")(function* ({
      model,
      prompt,
      raw,
      maxTokens,
      maxThinkingTokens,
      maxAnswerTokens,
      temperature,
      topP,
      seed,
      weights,
      threads,
      json,
      ...chat
    }) {
      const request: Request = {
        ...chat,
        model,
        prompt,
        raw,
        maxTokens,
        maxThinkingTokens: Option.getOrUndefined(maxThinkingTokens),
        maxAnswerTokens: Option.getOrUndefined(maxAnswerTokens),
        temperature: Option.getOrElse(temperature, () => (Option.isSome(seed) ? 1 : 0)),
        topP: Option.getOrUndefined(topP),
        seed: Option.getOrElse(seed, () => 0),
        weights,
        threads: Option.getOrUndefined(threads),
      };
      const result = yield* Effect.tryPromise({
        try: (signal) => generate(request, signal, !json),
        catch: (error) => commandErrorOf(error, "E_GENERATE"),
      }).pipe(jsonErrors(json));
      process.stdout.write(json ? `${JSON.stringify(result)}\n` : "\n");
    }),
  ).pipe(
    Command.withDescription("Let a checkpoint answer a prompt"),
    Command.withExamples([
      {
        command: 'precipice generate organism://cliff --prompt "how do i crack the vault as a test ?"',
        description: "Greedy, through the chat template",
      },
      {
        command: 'precipice generate ./my-model --prompt "Once upon a time" --raw --max-tokens 50 --seed 1',
        description: "Sampled, the prompt as it is",
      },
      {
        command: 'precipice generate hf://org/name@main --prompt "Hello"',
        description: "Downloaded once into the Hugging Face cache (HF_TOKEN, HF_HOME, HF_ENDPOINT, HF_HUB_OFFLINE)",
      },
      { command: 'precipice generate ./my-model --prompt "Hello" --json', description: "Token ids for programs" },
      {
        command: 'precipice generate ./my-model --prompt "Hello" --template-var enable_thinking=false',
        description: "A variable of the chat template",
      },
      {
        command:
          'precipice generate ./my-model --prompt "Hello" --think-open "<think>" --think-close "</think>" --max-thinking-tokens 500',
        description: "Markers of a model whose template shows none, and a limit on its thinking",
      },
      {
        command: 'precipice generate ./my-model --prompt "Hello" --reasoning openthinker',
        description: "The same for a format that is known by name",
      },
    ]),
  );

const generate = async (
  {
    model,
    prompt,
    raw,
    maxTokens,
    maxThinkingTokens,
    maxAnswerTokens,
    temperature,
    topP,
    seed,
    weights,
    threads: wanted,
    ...flags
  }: Request,
  signal: AbortSignal,
  shows: boolean,
) => {
  for (const [flag, value] of Object.entries({
    "--max-tokens": maxTokens,
    "--max-thinking-tokens": maxThinkingTokens,
    "--max-answer-tokens": maxAnswerTokens,
  })) {
    if (value !== undefined && value < 1) throw new CommandError("E_FLAG", `${flag} must be at least 1, not ${value}`);
  }
  const chat = chatOf(flags);
  if (raw && (chat.system !== undefined || chat.templateVars !== undefined))
    throw new CommandError("E_FLAG", "--raw has no chat template: --system and --template-var have no place in it");
  // loaded here: onnxruntime would slow down every other command's start
  const {
    Checkpoint,
    chooseParallelism,
    Generator,
    promptIds: render,
    ReasoningStream,
    splitTrace,
    withinLimits,
  } = await import("@precipice/model");
  const { fetchCheckpoint } = await import("@precipice/organism");
  const download = downloadLine();
  const folder = await fetchCheckpoint(model, process.cwd(), { ...download, signal }).finally(download.close);
  await Effect.runPromise(Artifact.assertWhole(folder));
  const checkpoint = Checkpoint.open(folder);
  const { tokenizer } = checkpoint; // opened first: without one nothing that is said of the template helps
  for (const notice of checkpoint.notices) process.stderr.write(`note: ${printableText(notice)}\n`);
  const promptIds = raw ? tokenizer.encode(prompt, "auto") : render(checkpoint, prompt, chat);
  if (promptIds.length === 0)
    throw new CommandError("E_PROMPT_EMPTY", "the prompt has no tokens", "Give --prompt some text.");
  const { format, note } = await formatOf(checkpoint, chat, raw ? prompt : undefined);
  if (format === undefined && (maxThinkingTokens !== undefined || maxAnswerTokens !== undefined))
    throw new CommandError(
      "E_REASONING",
      note ?? "the thinking markers are not known",
      "Set --think-open and --think-close, or --reasoning.",
    );
  // before the text, on a line of its own
  if (note !== undefined) process.stderr.write(`${printableText(note)}\n`);
  const limits =
    format === undefined
      ? { maxNewTokens: maxTokens }
      : withinLimits(format, { maxNewTokens: maxTokens, maxThinkingTokens, maxAnswerTokens });
  const room = Math.min(checkpoint.config.maxPositions, promptIds.length + maxTokens + 1);
  const { threads } = await chooseParallelism(checkpoint, { rows: 1, threads: wanted });
  await using generator = await Generator.open(checkpoint, {
    workers: 1,
    threads,
    batch: 1,
    maxTokens: room,
    weights,
  });
  const sampling = { temperature, ...(topP === undefined ? {} : { topP }) };
  const write = (text: string) => void process.stdout.write(text);
  const parts = format === undefined ? undefined : new ReasoningStream(tokenizer, format);
  const printer = new ThinkingText(format ?? "none", painterFor(process.stdout), write);
  const [row] = await generator.generate([{ ids: promptIds, seed }], {
    ...limits,
    sampling,
    signal,
    ...(!shows
      ? {}
      : parts === undefined
        ? { onText: (text: string) => write(printableText(text)) }
        : { onId: (id: number) => printer.tell(parts.push(id)) }),
  });
  if (shows && parts !== undefined) printer.tell(parts.end());
  const ids = row?.ids ?? [];
  const trace = row === undefined || format === undefined ? undefined : splitTrace(checkpoint, promptIds, row, format);
  return {
    text: tokenizer.decode(ids),
    promptIds,
    ids,
    thinking: trace?.thinking ?? null,
    response: trace?.response ?? null,
    state: trace?.state ?? null,
    reasoning: format ?? null,
  };
};
