/** Checkpoints whose weights are packed to few bits: recognised by config.json or by the names of their tensors, and refused by name. */

import { named as nameOf } from "./unread-keys.ts";

/** `quant_method` of transformers' config, and what people call it. */
const METHODS: Readonly<Record<string, string>> = {
  aqlm: "AQLM",
  autoround: "AutoRound",
  "auto-round": "AutoRound",
  awq: "AWQ",
  bitnet: "BitNet",
  bitsandbytes: "bitsandbytes",
  "compressed-tensors": "compressed-tensors",
  eetq: "EETQ",
  fbgemm_fp8: "FP8 (FBGEMM)",
  fp8: "FP8",
  gguf: "GGUF",
  gptq: "GPTQ",
  higgs: "HIGGS",
  hqq: "HQQ",
  modelopt: "ModelOpt",
  mxfp4: "MXFP4",
  quanto: "Quanto",
  quark: "Quark",
  spqr: "SpQR",
  torchao: "torchao",
  vptq: "VPTQ",
};

export const UNQUANTISED = "use the unquantised checkpoint";

type Json = Readonly<Record<string, unknown>>;

/** The method and key of a config's quantisation, or nothing where it has none. */
export const quantisationOf = (config: Json): { readonly key: string; readonly method: string } | undefined => {
  const key = ["quantization_config", "compression_config", "quantization"].find(
    (name) => config[name] !== undefined && config[name] !== null && config[name] !== false,
  );
  if (key === undefined) return undefined;
  const settings = config[key];
  return { key, method: typeof settings === "object" ? methodOf(key, settings as Json) : nameOf(settings) };
};

const methodOf = (key: string, settings: Json): string => {
  const named = settings["quant_method"] ?? settings["quant_type"];
  if (typeof named === "string") {
    const lower = named.toLowerCase();
    const bits = typeof settings["bits"] === "number" ? `, ${settings["bits"]} bits` : "";
    return `${Object.hasOwn(METHODS, lower) ? METHODS[lower] : nameOf(named)}${bits}`;
  }
  if (settings["load_in_4bit"] === true || settings["load_in_8bit"] === true) return "bitsandbytes";
  // MLX writes { group_size, bits } beside, or instead of, transformers' key.
  if (settings["bits"] !== undefined && settings["group_size"] !== undefined)
    return key === "quantization" || settings["desc_act"] === undefined
      ? `MLX, ${nameOf(settings["bits"])} bits`
      : "GPTQ";
  return "a method it does not name";
};

/** Ends of tensors' names that only packed weights have. */
const TENSORS: ReadonlyArray<readonly [name: RegExp, method: string]> = [
  [/\.g_idx$/, "GPTQ"],
  [/\.(qweight|qzeros)$/, "AWQ or GPTQ"],
  [
    /\.weight\.(absmax|quant_map|nested_absmax|nested_quant_map|quant_state\.bitsandbytes__\w+)$/,
    "bitsandbytes, 4 bits",
  ],
  [/\.(SCB|weight_format)$/, "bitsandbytes, 8 bits"],
  [/_proj_(blocks|scales)$/, "MXFP4"],
  [/\.(weight_packed|weight_shape|weight_zero_point)$/, "compressed-tensors"],
  [/\.weight_scale_inv$/, "FP8"],
  [/\.(weight_scale|input_scale|activation_scale|weight_scale_2)$/, "FP8 or compressed-tensors"],
  [/\.(W_q|meta)$/, "HQQ"],
  [/\.codebooks?$/, "AQLM"],
  [/\.scales$/, "MLX"],
];

/** The method that a checkpoint's tensors are packed with, and the first tensor that shows it; nothing where none does. */
export const quantisedTensor = (
  names: Iterable<string>,
): { readonly name: string; readonly method: string } | undefined => {
  const all = [...names];
  for (const [pattern, method] of TENSORS) {
    const name = all.find((it) => pattern.test(it));
    if (name !== undefined) return { name, method };
  }
  return undefined;
};
