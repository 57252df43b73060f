/** Hugging Face checkpoint → instrumented decoder; tokenizer, chat template, generation, capture. */
export { type AnalysisRun, type AnalyzedBatch, Analyzer, type AnalyzerOptions } from "./analysis/analyzer.ts";
export { type CompareTextOptions, compareText, type TextComparison } from "./analysis/compare-text.ts";
export { divergence, groupsWithin, logProbabilities, type TextRun } from "./analysis/log-probabilities.ts";
export { openTokenScores, type ReadOut, type TokenScoreOptions, tokenScores } from "./analysis/token-scores.ts";
export type { DecoderConfig } from "./architecture/config.ts";
export { type ExaminedConfig, examineConfig, readConfig } from "./architecture/index.ts";
export { inverseFrequencies, ropeTables } from "./architecture/rope.ts";
export { type Linear, linearShape, linears, tensorShapes } from "./architecture/tensor-names.ts";
export { checkRows, lengthBuckets, type PaddedBatch, padRows } from "./batch.ts";
export { cacheFolder } from "./cache-folder.ts";
export { Checkpoint } from "./checkpoint.ts";
export { type DropoutDraw, dropoutFeeds, dropoutRow } from "./decoder/adapter-dropout.ts";
export { type DirectionEdit, directionFeeds } from "./decoder/direction-edit.ts";
export { RENORM_MODES, type RenormMode } from "./decoder/head-scale.ts";
export { type LoraModule, type LoraShape, loraKey, loraModules, loraShapes } from "./decoder/lora.ts";
export {
  allResidPost,
  allSites,
  FINAL_NORMALIZED,
  hookZ,
  matchesSite,
  matchSites,
  residPost,
  type Site,
  siteWidth,
} from "./decoder/sites.ts";
export { CheckpointError, DecoderError, MemoryBudgetError } from "./errors.ts";
export type { AdapterWeights } from "./generation/adapter-inputs.ts";
export {
  estimateGeneration,
  type GenerationEstimate,
  type GenerationSettings,
  roomFor,
} from "./generation/estimate.ts";
export { type GenerateCall, Generator, type GeneratorOptions, type StreamEvent } from "./generation/generator.ts";
export { type CacheShape, defaultKvBudgetBytes, kvCacheBytes, rowsThatFit } from "./generation/kv-budget.ts";
export { type LiveEvent, LiveGenerator, type LiveOptions, type LiveRequest } from "./generation/live-generator.ts";
export { chooseParallelism, type Parallelism, type ParallelismRequest } from "./generation/parallelism.ts";
export type {
  GeneratedRow,
  GenerationOptions,
  GenerationRow,
  HeadScale,
  ThinkingBudget,
} from "./generation/request.ts";
export { argMax, type Sampling, sample } from "./generation/sampling.ts";
export { TextStream } from "./generation/text-stream.ts";
export { limitFields, type TokenLimits, withinLimits } from "./generation/token-limits.ts";
export { type TraceOptions, type TracePrompt, writeTraces } from "./generation/write-traces.ts";
export {
  fetchHubCheckpoint,
  findHubCheckpoint,
  type HubCheckpoint,
  type HubOptions,
  hubCheckpointBytes,
} from "./hub/checkpoint-source.ts";
export { HubError, type HubErrorCode } from "./hub/errors.ts";
export { commitDigest, type HubReference, isHubSource, parseHubReference, showReference } from "./hub/reference.ts";
export type { HubFile } from "./hub/repository.ts";
export {
  cachedHubFile,
  fetchHubFile,
  findHubRepository,
  type HubListing,
  type HubRepository,
  hubFileIdentity,
  hubFileParts,
  listHubFiles,
} from "./hub/repository-files.ts";
export { type HubSettings, hubSettings } from "./hub/settings.ts";
export { knownDigest, openKnown, openPlanned } from "./known-checkpoints.ts";
export { checkParity, type Parity, type ParityOptions } from "./parity/parity.ts";
export { type ParityRow, TOLERANCES, type Tolerance } from "./parity/rows.ts";
export { decodeProgram } from "./programs/decode.ts";
export { type ForwardRequest, forwardProgram } from "./programs/forward.ts";
export { forwardBytes } from "./programs/forward-memory.ts";
export type { PreferenceLoss } from "./programs/reference-losses.ts";

export {
  decoderTrainingProgram,
  gradientProgram,
  type TrainingRequest,
} from "./programs/training.ts";
export type { ReadOutLoss } from "./programs/training-loss.ts";
export {
  fitTraining,
  machineMemory,
  type TrainingFit,
  type TrainingMemory,
  type TrainingMemoryOptions,
  trainingMemory,
} from "./programs/training-memory.ts";
export { type ChatOptions, chatFields } from "./text/chat-options.ts";
export { ChatTemplate, type Message, type TemplateVars } from "./text/chat-template.ts";
export { KNOWN_FORMAT_NAMES, type KnownFormat, type KnownFormatName, knownFormat } from "./text/known-formats.ts";
export { KNOWN_MARKERS, type Markers } from "./text/marker-pairs.ts";
export { promptState, type ThinkingState } from "./text/prompt-state.ts";
export {
  NO_MARKERS,
  type Reasoning,
  type ReasoningFormat,
  type ReasoningOverride,
  rawReasoning,
  reasoningAt,
  reasoningFormat,
} from "./text/reasoning-format.ts";
export { ReasoningStream, type ReasoningText } from "./text/reasoning-stream.ts";
export { chatIds, promptIds, reasoningOf } from "./text/render-prompt.ts";
export { findSpans, type SpanFormat, type Spans, type TraceState, traceState } from "./text/spans.ts";
export { splitTrace, type WrittenTrace } from "./text/split-trace.ts";
export { inScope, regionsOf, TOKEN_SCOPES, type TokenRegions, type TokenScope } from "./text/token-scope.ts";
export { type BosRule, TextTokenizer } from "./text/tokenizer.ts";
export { type TurnEnd, turnEnd } from "./text/turn-end.ts";
export { readText, utf8End } from "./text-file.ts";
export { TimeLimitError, timeLimited } from "./time-limit.ts";
export { type FeedOptions, type TrainingRow, trainingFeeds, weightTotal } from "./training-feeds.ts";
export { PLANTED_HEADS_FILE, type PlantedHead, plantedHeadsText } from "./weights/planted-heads.ts";
export {
  encodeFloats,
  type FloatTensor,
  readBytes,
  readFloats,
  readHeader,
  readInts,
  type TensorEntry,
  type TensorPart,
  writeSafetensors,
  writeTensors,
} from "./weights/safetensors.ts";
