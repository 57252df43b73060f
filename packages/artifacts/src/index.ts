/**
 * The artifact kinds that stages exchange. Stage packages never import one another:
 * they agree on these tables. One kind per file; every column is described there.
 */

// What it came to
export { Metrics } from "@precipice/runtime";
export { AblationCurve, type AblationPoint } from "./ablation-curve.ts";
// What went on inside
export { type Activation, Activations } from "./activations.ts";
export { Adapter } from "./adapter.ts";
export { AttributionBenchmark, type RecoveryPoint } from "./attribution-benchmark.ts";
export { CliffComparison, type CliffDifference } from "./cliff-comparison.ts";
// How text is generated
export { type GenerationConfig, generationFields, generationParts } from "./generation-config.ts";
export { EffectMethod, EffectTarget, type HeadEffect, HeadEffects } from "./head-effects.ts";
export { type Head, Heads } from "./heads.ts";
// What goes in
export { labelledTraces, TraceLabel } from "./labelled-traces.ts";
export { Model, type ModelRow, modelFolder } from "./model.ts";
export { openModel } from "./model-folder.ts";
export { type Pattern, Patterns } from "./patterns.ts";
export { Planted, type PlantedHead } from "./planted.ts";
export { POSITIONS, type Position, positionNames } from "./positions.ts";
export { Probe, type ProbePrediction, type ProbeQuality, type ProbeRow, type ProbeWeight } from "./probe.ts";
export { type PositionQuality, ProbeEvaluation } from "./probe-evaluation.ts";
export { type Prompt, PromptLabel, Prompts } from "./prompts.ts";
export { type Pruning, type PruningSummary, Prunings } from "./prunings.ts";
// What was done about it
export { RepairStudy, type StudyCurvePoint, type StudyDifference, type StudyPoint } from "./repair-study.ts";
export { Report } from "./report.ts";
export { ResultTables } from "./result-tables.ts";
export { type CurvePoint, type Fall, type ScoreSummary, Scores, type TokenScore, type TraceScore } from "./scores.ts";
export { chosenProbes, type SelectedProbe, selectedProbe } from "./selected-probe.ts";
export { type Selected, Selection } from "./selection.ts";
export { traceRow, type Written } from "./trace-row.ts";
// What the model did, and what that was
export { type Region, type Trace, TraceState, Traces } from "./traces.ts";
export { TrainingLog, type TrainingRowTokens, type TrainingStep, trainingTables } from "./training.ts";
export { TrainingSet, type TrainingSetRow } from "./training-set.ts";
export { type JudgementRow, type Verdict, type VerdictKind, Verdicts } from "./verdicts.ts";
