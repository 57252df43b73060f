/** All fuzzers, by name. */
import { arrow, manifests, parquet } from "./artifacts.ts";
import { configs } from "./configs.ts";
import type { Family } from "./family.ts";
import { safetensors } from "./safetensors.ts";
import { http, sse } from "./servers.ts";
import { templates } from "./templates.ts";
import { tokenizers } from "./tokenizers.ts";
import { yaml } from "./yaml.ts";

export const families: ReadonlyArray<Family> = [
  safetensors,
  configs,
  templates,
  tokenizers,
  yaml,
  parquet,
  arrow,
  manifests,
  sse,
  http,
];
