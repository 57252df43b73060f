/** Every stage a pipeline may name. Import a stage and add it to the list: that is all it takes. */
import { headsAblate, headsAttend, headsAttribute, headsBenchmark, headsCurve } from "@precipice/ablate";
import { finetuneFull, finetuneLora, finetuneMerge } from "@precipice/finetune";
import { organismPlant } from "@precipice/organism";
import { cliffCompare, cliffPrune, cliffScore, probeCapture, probeEvaluate, probeTrain } from "@precipice/probe";
import { reportHtml } from "@precipice/report/stage";
import { reportTables } from "@precipice/report/tables";
import { Registry, type Stage } from "@precipice/runtime";
import { selectCompare, selectExport, selectRank } from "@precipice/select";
import { dataPrompts, modelCompare, modelOpen, traceEvaluate, traceGenerate, traceJudge } from "@precipice/trace";

const stages: ReadonlyArray<Stage.AnyStage> = [
  modelOpen,
  modelCompare,
  dataPrompts,
  traceGenerate,
  traceJudge,
  traceEvaluate,
  probeCapture,
  probeTrain,
  probeEvaluate,
  cliffScore,
  cliffPrune,
  cliffCompare,
  headsAttribute,
  headsAblate,
  headsAttend,
  headsCurve,
  headsBenchmark,
  selectRank,
  selectCompare,
  selectExport,
  finetuneLora,
  finetuneFull,
  finetuneMerge,
  organismPlant,
  reportHtml,
  reportTables,
];

export const registry = Registry.make(stages);
