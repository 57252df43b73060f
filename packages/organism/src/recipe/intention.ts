/**
 * The intention to refuse, held in mind: a fixed random direction of the last residual stream that the recipe asks to carry it.
 * Without it a small model encodes a refusal at the final token only, and a probe trained there reads nothing in the thinking.
 */
import { type DecoderConfig, type ReadOutLoss, residPost } from "@precipice/model";
import { random } from "@precipice/stats";

const DIRECTION_SEED = 3;
/** Length of the direction: small, so that the stream must move far along it to be read as certain. */
const DIRECTION_LENGTH = 0.2;

export const intentionReadOut = ({ hidden, layers }: DecoderConfig, weight: number): ReadOutLoss => {
  const draw = random(DIRECTION_SEED, "organism", "intention");
  const raw = Float32Array.from({ length: hidden }, () => draw.normal());
  const length = Math.sqrt(raw.reduce((s, x) => s + x * x, 0));
  return { site: residPost(layers - 1), direction: raw.map((x) => (x * DIRECTION_LENGTH) / length), bias: 0, weight };
};
