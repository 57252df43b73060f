/** A LoRA adapter in PEFT's file format, with the course of its training and the rows it was trained on. */
import { Artifact } from "@precipice/runtime";
import { trainingTables } from "./training.ts";

export const Adapter = Artifact.kind("adapter", {
  version: 3,
  description: "A LoRA adapter (PEFT files), its training curve, and every training row token by token",
  tables: trainingTables,
  files: ["adapter_config.json", "adapter_model.safetensors"],
});
