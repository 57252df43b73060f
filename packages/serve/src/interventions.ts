/** What a request asks to change inside the model, as a generator takes it. */
import type { DirectionEdit, HeadScale } from "@precipice/model";
import { ApiError } from "./api-error.ts";
import type { Interventions } from "./request.ts";
import type { HeadFactor, ServedModel } from "./served-model.ts";

const refuse = (param: string, message: string): never => {
  throw new ApiError({ status: 400, param: `interventions.${param}`, message });
};

/** Throws a 400 for names nobody gave, heads the model does not have, and a model that was opened without interventions. */
export const interventionsOf = (
  model: ServedModel,
  asked: Interventions | null | undefined,
): { readonly headScale?: HeadScale; readonly directionEdit?: DirectionEdit } => {
  const { heads = null, direction = null } = asked ?? {};
  if (asked === undefined || asked === null || (heads === null && direction === null)) return {};
  if (model.renorm === undefined) return refuse("heads", `"${model.id}" is served without interventions`);
  const scope = asked.scope ?? "all";
  return {
    ...(heads === null ? {} : { headScale: headScaleOf(model, heads, asked.renorm ?? model.renorm, scope) }),
    ...(direction === null ? {} : { directionEdit: editOf(model, direction, scope) }),
  };
};

const headScaleOf = (
  { id, checkpoint, renorm, heads: sets = {} }: ServedModel,
  asked: string | ReadonlyArray<Omit<HeadFactor, "scale"> & { readonly scale?: number }>,
  wanted: "none" | "token",
  scope: HeadScale["scope"],
): HeadScale => {
  if (wanted !== renorm) refuse("renorm", `"${id}" is served with renorm "${renorm}", not "${wanted}"`);
  const { layers, heads } = checkpoint.config;
  const list = typeof asked === "string" ? named(sets, "heads", asked) : asked;
  const scale = new Float32Array(layers * heads).fill(1);
  for (const { layer, head, scale: factor = 0 } of list) {
    if (layer < 0 || layer >= layers || head < 0 || head >= heads)
      refuse("heads", `there is no head ${layer}.${head}: "${id}" has ${layers} layers of ${heads}`);
    scale[layer * heads + head] = factor;
  }
  return { scale, renorm: wanted, scope };
};

const editOf = (
  { id, checkpoint, directions = {} }: ServedModel,
  { vector, remove, add, layer }: NonNullable<Interventions["direction"]>,
  scope: DirectionEdit["scope"],
): DirectionEdit => {
  const { layers, hidden } = checkpoint.config;
  const numbers = typeof vector === "string" ? named(directions, "direction", vector) : vector;
  if (numbers.length !== hidden || numbers.every((x) => x === 0))
    refuse("direction", `needs ${hidden} numbers that are not all 0; "${id}" is so wide`);
  const at = layer ?? layers - 1;
  if (at < 0 || at >= layers) refuse("direction", `there is no layer ${at}: "${id}" has ${layers}`);
  const lengths = new Float32Array(layers);
  lengths[at] = add ?? 0;
  return { direction: Float32Array.from(numbers), remove: remove ?? 0, add: lengths, scope };
};

const named = <A>(known: Readonly<Record<string, A>>, what: string, name: string): A => {
  const found = Object.hasOwn(known, name) ? known[name] : undefined;
  if (found !== undefined) return found;
  const names = Object.keys(known);
  return refuse(what, `nothing is called "${name}"${names.length === 0 ? "" : `; there is ${names.join(", ")}`}`);
};
