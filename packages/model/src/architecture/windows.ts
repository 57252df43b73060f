/** Sliding windows per layer, from either spelling: `layer_types`, or a rule on the layer's number. */
import type { DecoderConfig } from "./config.ts";
import type { ConfigReader } from "./config-reader.ts";
import { shown } from "./unread-keys.ts";

type Windows = DecoderConfig["windows"];

/** One window for every layer, or none where the config says null; `fallback` where it says nothing. */
export const windowEverywhere = (config: ConfigReader, fallback: number | null): Windows => {
  const stated = config.has("sliding_window") ? (config.optionalInteger("sliding_window") ?? null) : fallback;
  return Array.from({ length: config.integer("num_hidden_layers") }, () => stated);
};

/** The window, where one is switched on (Qwen): `use_sliding_window`, and a size that is not null. Default size 4096. */
export const switchedWindow = (config: ConfigReader): number | null => {
  const size = config.has("sliding_window") ? (config.optionalInteger("sliding_window") ?? null) : 4096;
  return config.boolean("use_sliding_window", false) ? size : null;
};

/** Windows of the layers that `layer_types` lists as sliding; without a list of those for which `slides(layer)`. */
export const slidingWindows = (
  config: ConfigReader,
  size: number | null,
  slides: (layer: number) => boolean,
): Windows => {
  const listed = layerTypes(config);
  const stated = (layer: number): number =>
    size ??
    config.fail(
      "layer_types",
      `layer ${layer} slides, but no window is switched on (use_sliding_window, sliding_window)`,
    );
  return Array.from({ length: config.integer("num_hidden_layers") }, (_, layer) => {
    if (listed === undefined) return size !== null && slides(layer) ? size : null;
    return listed[layer] === "sliding_attention" ? stated(layer) : null;
  });
};

/** Refuse a list of layer types that says other than what is computed: for the families that have no such list. */
export const expectLayerTypes = (config: ConfigReader, windows: Windows): void => {
  layerTypes(config)?.forEach((kind, layer) => {
    const computed = windows[layer] === null ? "full_attention" : "sliding_attention";
    if (kind === computed) return;
    const family = config.modelType;
    config.fail(
      "layer_types",
      `${shown(layerTypes(config))} is not what transformers computes for ${family}: it does not read the list, and layer ${layer} is ${computed}`,
      "take a model_type that has both kinds of layers, or remove the list",
    );
  });
};

const KINDS = ["full_attention", "sliding_attention"];

const layerTypes = (config: ConfigReader): ReadonlyArray<string> | undefined => {
  const listed = config.strings("layer_types");
  const layers = config.integer("num_hidden_layers");
  if (listed === undefined) return undefined;
  const other = listed.find((kind) => !KINDS.includes(kind));
  if (other !== undefined) return config.unsupported("layer_types", shown(other), KINDS.join(", "));
  return listed.length === layers
    ? listed
    : config.fail("layer_types", `lists ${listed.length} layers, num_hidden_layers says ${layers}`);
};
