/**
 * Everything a report is drawn from, as plain values: rows of the artifact tables and the names of the nodes that
 * made them. The stage fills it from a store; anybody else may fill it by hand. Every part but the title may be
 * left out, and what is left out is not drawn.
 */
import type { CurvePoint, Head, Selected, TokenScore, Trace, TraceScore, TrainingStep } from "@precipice/artifacts";

/** A row of the metrics table: a named number with the ends of its 95 % interval. */
export interface Metric {
  readonly key: string;
  readonly value: number;
  readonly lo: number | null;
  readonly hi: number | null;
  readonly n: number | null;
}

/** Rows of one table and the pipeline node they came from. */
export interface FromNode<Row> {
  readonly node: string;
  readonly rows: ReadonlyArray<Row>;
}

/** The three tables of one scores artifact. */
export interface ScoresFrom {
  readonly node: string;
  readonly traces: ReadonlyArray<TraceScore>;
  readonly tokens: ReadonlyArray<TokenScore>;
  readonly curves: ReadonlyArray<CurvePoint>;
}

/** One artifact behind the report. */
export interface Source {
  /** Input of the report stage: `scores`, `heads` … */
  readonly port: string;
  readonly node: string;
  readonly digest: string;
  /** `probe.score@1`, where known. */
  readonly stage?: string;
  /** The decoded config that made it, where known. */
  readonly config?: unknown;
  /** Program versions that made it, where known. */
  readonly versions?: Readonly<Record<string, string>>;
}

export interface ReportData {
  readonly title: string;
  readonly subtitle?: string | undefined;
  /** Name of the pipeline, for the provenance section. */
  readonly pipeline?: string | undefined;
  /** What a node (or an ablation arm) is called in the report. Default: its own name. */
  readonly labels?: Readonly<Record<string, string>> | undefined;
  /** Which repair a selection, adapter or metrics node belongs to. Default: the node name without `eval_`, `select_` … */
  readonly groups?: Readonly<Record<string, string>> | undefined;
  /** How many example traces to show. Default 6. */
  readonly examples?: number | undefined;
  readonly scores?: ReadonlyArray<ScoresFrom> | undefined;
  readonly traces?: ReadonlyArray<FromNode<Trace>> | undefined;
  readonly heads?: FromNode<Head> | undefined;
  readonly metrics?: ReadonlyArray<FromNode<Metric>> | undefined;
  readonly selections?: ReadonlyArray<FromNode<Selected>> | undefined;
  readonly adapters?: ReadonlyArray<FromNode<TrainingStep>> | undefined;
  readonly sources?: ReadonlyArray<Source> | undefined;
}

/** What a node or arm is called: its label, else its own name. Looks at own properties only. */
export const labelOf = (data: Pick<ReportData, "labels">, name: string): string =>
  data.labels !== undefined && Object.hasOwn(data.labels, name) ? (data.labels[name] ?? name) : name;
