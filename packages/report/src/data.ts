/**
 * Everything a report is drawn from, as plain values: rows of the artifact tables and the names of the nodes that
 * made them. The stage fills it from a store; anybody else may fill it by hand. Every part but the title may be
 * left out, and what is left out is not drawn.
 */
import type {
  CurvePoint,
  Head,
  Pattern,
  RecoveryPoint,
  ScoreSummary,
  Selected,
  StudyCurvePoint,
  TokenScore,
  Trace,
  TraceScore,
  TrainingStep,
  Verdict,
} from "@precipice/artifacts";

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
  /** Digest of the artifact they are from, where known. */
  readonly digest?: string | undefined;
}

/** The verdicts of one artifact. */
export interface VerdictsFrom extends FromNode<Verdict> {
  /** Digests of the traces that were judged, where known. */
  readonly judged?: ReadonlyArray<string> | undefined;
}

/** One task behind the report: what ran, with what, on the results of which others. */
export interface LineageTask {
  /** Unique within the report; digest of one of its artifacts. */
  readonly id: string;
  /** Names of its pipeline nodes, where known. */
  readonly nodes: ReadonlyArray<string>;
  readonly stage: string;
  readonly version: number;
  readonly config: unknown;
  /** Ids of the tasks it read, by input. */
  readonly inputs: Readonly<Record<string, ReadonlyArray<string>>>;
  /** What the numbers depend on besides data: execution provider, threads … */
  readonly numerics?: Readonly<Record<string, string>> | undefined;
  /** What was missing, left out or changed nothing, as the stage said it. */
  readonly notes?: ReadonlyArray<string> | undefined;
}

/** The tables of one scores artifact. */
export interface ScoresFrom {
  readonly node: string;
  /** Site of the probe that its training selected, where known: of several sites, the one that the report's words are about. */
  readonly site?: string | undefined;
  readonly traces: ReadonlyArray<TraceScore>;
  readonly tokens: ReadonlyArray<TokenScore>;
  readonly curves: ReadonlyArray<CurvePoint>;
  /** Means with the intervals that stand beside them; without it the report has the means alone. */
  readonly summary?: ReadonlyArray<ScoreSummary> | undefined;
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

export interface Study {
  readonly node: string;
  /** `model` is "" for the main one; `percent` of the pool is the budget that is concluded on. */
  readonly conclusions: ReadonlyArray<{ readonly model: string; readonly percent: number; readonly text: string }>;
  readonly curves: ReadonlyArray<StudyCurvePoint>;
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
  readonly verdicts?: ReadonlyArray<VerdictsFrom> | undefined;
  readonly heads?: FromNode<Head> | undefined;
  /** Where chosen heads look. */
  readonly patterns?: FromNode<Pattern> | undefined;
  /** How well attribution methods find planted heads. */
  readonly benchmark?: FromNode<RecoveryPoint> | undefined;
  readonly metrics?: ReadonlyArray<FromNode<Metric>> | undefined;
  readonly selections?: ReadonlyArray<FromNode<Selected>> | undefined;
  readonly adapters?: ReadonlyArray<FromNode<TrainingStep>> | undefined;
  /** Studies of selections: what they conclude, in sentences, and attack success along the steps of their trainings. */
  readonly studies?: ReadonlyArray<Study> | undefined;
  readonly sources?: ReadonlyArray<Source> | undefined;
  /** Everything that ran to make the sources, in an order where inputs come first. */
  readonly lineage?: ReadonlyArray<LineageTask> | undefined;
  /** How many tokens the trace browser holds at most. Default 1,500,000. */
  readonly tokenBudget?: number | undefined;
}

/** What a node or arm is called: its label, else its own name. Looks at own properties only. */
export const labelOf = (data: Pick<ReportData, "labels">, name: string): string =>
  data.labels !== undefined && Object.hasOwn(data.labels, name) ? (data.labels[name] ?? name) : name;
