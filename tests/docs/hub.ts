/** Test support only: a hub on loopback in which every model of the docs is the embedded one, so that hf:// commands run. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { organismFolder } from "@precipice/organism";
import { LoopbackHub } from "../support/loopback-hub.ts";

/** Names of real checkpoints that docs/ uses. */
const names = ["deepseek-ai/DeepSeek-R1-Distill-Qwen-1.5B"];

export async function standInHub() {
  const folder = organismFolder("cliff");
  if (folder === undefined) throw new Error("organism://cliff is not there");
  const own = readdirSync(folder).filter((name) => statSync(join(folder, name)).isFile());
  const files = Object.fromEntries(own.map((name) => [name, readFileSync(join(folder, name))]));
  const hub = await LoopbackHub.open();
  for (const name of names) hub.add(name, { files });
  return { env: { HF_ENDPOINT: hub.endpoint }, close: () => hub[Symbol.asyncDispose]() };
}
