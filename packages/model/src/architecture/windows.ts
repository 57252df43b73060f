/** Sliding windows per layer, from either spelling: `layer_types`, or a rule on the layer's number. */
import type { ConfigReader } from "./config-reader.ts";

/** `slides(layer)` is the family's rule where the config does not list its layers. */
export const slidingWindows = (
  config: ConfigReader,
  slides: (layer: number) => boolean,
): ReadonlyArray<number | null> => {
  const layers = config.integer("num_hidden_layers");
  const size = config.optionalInteger("sliding_window");
  const listed = config.strings("layer_types");
  return Array.from({ length: layers }, (_, layer) => {
    const kind = listed?.[layer] ?? (size !== undefined && slides(layer) ? "sliding_attention" : "full_attention");
    if (kind === "full_attention") return null;
    if (kind !== "sliding_attention")
      return config.unsupported("layer_types", `"${kind}"`, "full_attention, sliding_attention");
    return size ?? config.fail("sliding_window", `is missing, but layer ${layer} slides`);
  });
};
