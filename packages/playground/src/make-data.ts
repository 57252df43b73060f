/** The page's data from a checkpoint and the study of it. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { streamDirection } from "@precipice/ablate";
import { type Checkpoint, reasoningOf } from "@precipice/model";
import { mean } from "@precipice/stats";
import type { PageData } from "./page-data.ts";
import type { Study } from "./study.ts";

/** As the study generates. */
export const MAX_NEW_TOKENS = 96;

const json = (folder: string, file: string) => JSON.parse(readFileSync(join(folder, file), "utf8"));

export const makeData = (name: string, checkpoint: Checkpoint, study: Study): PageData => {
  const { config, folder, template } = checkpoint;
  const { layers, heads, kvHeads, headDim, hidden, vocab, maxPositions, eosIds } = config;
  const { weights, bias, calibration } = study.probe;
  const length = Math.sqrt(weights.reduce((sum, w) => sum + w * w, 0));
  return {
    model: {
      name,
      layers,
      heads,
      kvHeads,
      headDim,
      hidden,
      vocab,
      maxTokens: maxPositions,
      maxNewTokens: MAX_NEW_TOKENS,
      stopIds: eosIds,
    },
    text: {
      tokenizer: json(folder, "tokenizer.json"),
      config: json(folder, "tokenizer_config.json"),
      template: template.source,
      reasoning: reasoningOf(checkpoint),
    },
    probe: {
      weights: Array.from(weights),
      bias,
      calibration: calibration.map(({ logit, probability }) => ({ logit, probability })),
      accuracy: study.accuracy,
      trainedOn: study.trainedOn,
      streamDirection: Array.from(streamDirection(checkpoint, study.probe), (w) => w / length),
    },
    heads: study.heads
      .map(({ layer, head, contribution, rank, planted }) => ({
        layer,
        head,
        contribution,
        rank,
        planted: planted === true,
      }))
      .sort((a, b) => a.layer - b.layer || a.head - b.head),
    study: {
      traces: study.cliffs.length,
      plateau: mean(study.cliffs.map(({ plateau }) => plateau as number)),
      final: mean(study.cliffs.map(({ final }) => final as number)),
    },
  };
};
