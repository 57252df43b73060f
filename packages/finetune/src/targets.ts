/** Which linear maps an adapter changes: PEFT's `target_modules`, as names, a regular expression or `all-linear`. */
import { clip } from "@precipice/files";
import { type DecoderConfig, type Linear, linears, TimeLimitError, timeLimited } from "@precipice/model";

export const ALL_LINEAR = "all-linear";

const lastName = (linear: Linear): string => linear.split(".").at(-1) as string;
const moduleName = (layer: number, linear: Linear): string => `model.layers.${layer}.${linear}`;

/** Patterns of adapters are tried on names of modules, which takes no time: a second is for those that would not end. */
export const PATTERN_LIMIT_MS = 1000;
const brief = (text: string): string => clip(text, 200);

/** PEFT's rule for a string: it must match the whole module name. One that is no regular expression, or does not end, is a RangeError. */
const wholeMatches = <M extends { readonly module: string }>(pattern: string, modules: ReadonlyArray<M>): M[] => {
  try {
    return timeLimited(PATTERN_LIMIT_MS, () => {
      const expression = new RegExp(`^(?:${pattern})$`);
      return modules.filter(({ module }) => expression.test(module));
    });
  } catch (error) {
    const message = (error as Error).message;
    if (error instanceof TimeLimitError)
      throw new RangeError(`"${brief(pattern)}" ${message}; name the modules in a list instead`);
    throw new RangeError(`"${brief(pattern)}" is no regular expression: ${brief(message)}`);
  }
};

const isNames = (value: unknown): value is ReadonlyArray<string> =>
  Array.isArray(value) && value.every((name) => typeof name === "string");

/**
 * The adapted maps: of every layer where they can be named so (`self_attn.q_proj`), else module by module
 * (`model.layers.3.self_attn.q_proj`). A list names modules by their end, a string is `all-linear`, one last name, or a regular
 * expression over whole module names. Throws a RangeError for a name that no module has, and for none at all.
 */
export const linearsOf = (
  targets: string | ReadonlyArray<string>,
  decoder: DecoderConfig,
): ReadonlyArray<Linear> | ReadonlyArray<string> => {
  const all = linears(decoder);
  if (targets === ALL_LINEAR) return all;
  const choice = `there are ${all.map(lastName).join(", ")} and "${ALL_LINEAR}"`;
  const given = typeof targets === "string" && all.some((l) => lastName(l) === targets) ? [targets] : targets;
  if (given !== undefined && given !== null && typeof given !== "string" && !isNames(given))
    throw new RangeError(`must be names or a regular expression, found ${brief(JSON.stringify(given))}; ${choice}`);
  if (given === undefined || given === null || given.length === 0)
    throw new RangeError(`no linear map is named; ${choice}`);
  const layers = Array.from({ length: decoder.layers }, (_, l) => l);
  const modules = layers.flatMap((layer) => all.map((linear) => ({ linear, module: moduleName(layer, linear) })));
  let chosen = modules;
  if (typeof given === "string") {
    chosen = wholeMatches(given, modules);
    if (chosen.length === 0) throw new RangeError(`no linear map matches "${brief(given)}"; ${choice}`);
  } else {
    const named = (name: string) => (m: { module: string }) => m.module === name || m.module.endsWith(`.${name}`);
    const names = [...new Set(given)];
    for (const name of names)
      if (!modules.some(named(name))) throw new RangeError(`no linear map is called "${brief(name)}"; ${choice}`);
    chosen = modules.filter((m) => names.some((name) => named(name)(m)));
  }
  const count = (linear: Linear) => chosen.filter((m) => m.linear === linear).length;
  const used = all.filter((l) => count(l) > 0);
  return used.every((l) => count(l) === decoder.layers) ? used : chosen.map((m) => m.module);
};
