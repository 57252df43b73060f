/** Worker side of `Generator`: the session and the cache live here. */
import { type HostTensors, type Program, RuntimeSession, type SessionOptions, serve } from "@precipice/onnx";
import type { TokenScope } from "../text/token-scope.ts";
import { TextTokenizer } from "../text/tokenizer.ts";
import type { LoopModel } from "./lane.ts";
import { type LiveRow, LiveRows } from "./live-rows.ts";
import { generateRows } from "./loop.ts";
import type { GeneratedRow, GenerationOptions, GenerationRow, HeadScale } from "./request.ts";

export interface OpenArgs {
  readonly decode: Program;
  readonly model: Omit<LoopModel, "decode" | "text">;
  /** Checkpoint folder: its tokenizer is opened when a row's end depends on text. */
  readonly folder: string;
  readonly options: SessionOptions;
}
export interface GenerateArgs {
  readonly rows: ReadonlyArray<GenerationRow>;
  readonly options: GenerationOptions;
  readonly headScale: HeadScale | undefined;
  readonly directionEdit: { readonly feeds: HostTensors; readonly scope: TokenScope } | undefined;
  readonly adapter: HostTensors | undefined;
}
/** Progress of a call: rows that are done, tokens made since the last event, text written in a step by row. */
export type GenerateEvent =
  | { readonly row: GeneratedRow }
  | { readonly tokens: number }
  | { readonly texts: ReadonlyArray<readonly [index: number, text: string]> }
  | { readonly ids: ReadonlyArray<readonly [index: number, id: number]> };

export interface TurnArgs {
  readonly add: ReadonlyArray<LiveRow>;
  /** Indices of rows nobody waits for any more. */
  readonly drop: ReadonlyArray<number>;
}

let model: LoopModel | undefined;
let live: LiveRows | undefined;
let session: RuntimeSession | undefined;

const opened = (): LoopModel => {
  if (model === undefined) throw new Error("the generator was not opened");
  return model;
};

serve(
  {
    open: async (args: OpenArgs) => {
      session = await RuntimeSession.open(args.decode, args.options);
      let tokenizer: TextTokenizer | undefined;
      const text = () => {
        tokenizer ??= TextTokenizer.open(args.folder, { bosId: undefined });
        return tokenizer;
      };
      model = { ...args.model, decode: session, text };
    },
    generate: async ({ rows, options, headScale, directionEdit, adapter }: GenerateArgs, context) => {
      let tokens = 0;
      let told = Date.now();
      let texts: Array<readonly [number, string]> = [];
      let ids: Array<readonly [number, number]> = [];
      const tell = () => {
        if (texts.length > 0) context.emit({ texts } satisfies GenerateEvent);
        texts = [];
        if (ids.length > 0) context.emit({ ids } satisfies GenerateEvent);
        ids = [];
      };
      await generateRows(
        opened(),
        rows,
        options,
        { headScale, directionEdit, adapter },
        {
          checkpoint: () => context.checkpoint("generate"),
          onRow: (row) => {
            tell(); // its text comes before it
            context.emit({ row } satisfies GenerateEvent);
          },
          onText: (index, text) => texts.push([index, text]),
          ...(options.streamIds === true ? { onToken: (index: number, id: number) => void ids.push([index, id]) } : {}),
          onTokens: (count) => {
            tell();
            tokens += count;
            if (Date.now() - told < 100) return;
            context.emit({ tokens } satisfies GenerateEvent);
            told = Date.now();
            tokens = 0;
          },
        },
      );
      context.emit({ tokens } satisfies GenerateEvent);
    },
    adapters: async (adapters: ReadonlyMap<string, HostTensors>) => {
      live = new LiveRows(opened(), adapters);
    },
    turn: ({ add, drop }: TurnArgs) => {
      live ??= new LiveRows(opened(), new Map());
      return live.turn(add, drop);
    },
  },
  async () => {
    await session?.close();
  },
);
