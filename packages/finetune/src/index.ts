/** LoRA training, PEFT adapters, merging. */

// Stages
export { finetuneLora } from "./lora-stage.ts";
export { mergeAdapter } from "./merge-adapter.ts";
export { finetuneMerge } from "./merge-stage.ts";
export { type PeftAdapter, readAdapter, writeAdapter } from "./peft-files.ts";
export { ALL_LINEAR, linearsOf } from "./targets.ts";
export { initialAdapter, type LoraStep, type LoraTraining, type TrainedLora, trainLora } from "./train-lora.ts";
export { type RepairRow, repairRow } from "./training-rows.ts";
