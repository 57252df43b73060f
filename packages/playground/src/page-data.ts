/** What the page is built with: everything but the program and onnxruntime, as one JSON file. */
import type { SpanFormat } from "@precipice/model/spans";
import type { Calibrated } from "@precipice/probe/reading";

export interface PageModel {
  /** `cliff` of `organism://cliff`. */
  readonly name: string;
  readonly layers: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  readonly hidden: number;
  readonly vocab: number;
  /** Longest sequence, prompt included. */
  readonly maxTokens: number;
  readonly maxNewTokens: number;
  /** Tokens that end a row. */
  readonly stopIds: ReadonlyArray<number>;
}

/** The probe of the study: p(refuse) over `weights · x + bias` of the site the program scores. */
export interface PageProbe extends Calibrated {
  /** `[d_model]` */
  readonly weights: ReadonlyArray<number>;
  readonly bias: number;
  readonly accuracy: number | null;
  readonly trainedOn: number;
  /** The same direction where heads write, over ‖w‖: the final norm's gain folded in, its per-token scale not. `[d_model]` */
  readonly streamDirection: ReadonlyArray<number>;
}

export interface PageHead {
  readonly layer: number;
  readonly head: number;
  /** Mean over the study's traces, in the probe's own space. */
  readonly contribution: number;
  /** 1 is the most suppressing head. */
  readonly rank: number;
  readonly planted: boolean;
}

export interface PageText {
  /** `tokenizer.json` and `tokenizer_config.json`, as they are. */
  readonly tokenizer: object;
  readonly config: Readonly<Record<string, unknown>>;
  /** The chat template, Jinja. */
  readonly template: string;
  readonly reasoning: SpanFormat;
}

export interface PageData {
  readonly model: PageModel;
  readonly text: PageText;
  readonly probe: PageProbe;
  readonly heads: ReadonlyArray<PageHead>;
  /** Means over held-out harmful requests under jailbreak framings. */
  readonly study: { readonly traces: number; readonly plateau: number; readonly final: number };
}

/** Files of the page by what they are, relative to it. */
export interface PageFiles {
  readonly data: string;
  readonly program: string;
  readonly engines: Readonly<Record<EngineName, EngineFiles>>;
}

export const ENGINES = ["wasm", "webgpu"] as const;
/** onnxruntime's execution providers in a browser. */
export type EngineName = (typeof ENGINES)[number];

export interface EngineFiles {
  /** The worker's script. */
  readonly worker: string;
  /** onnxruntime itself. */
  readonly wasm: string;
}
