/** Functions of Python's kind: parameters by place or by name. */

import { numberOf } from "./operators.ts";
import { type Args, asText, Func, JinjaError, typeName, type Value } from "./values.ts";

export type Given = ReadonlyArray<Value | undefined>;

/** The arguments in the order of the parameters; `name?` may be left out. Throws `JinjaError` for what does not fit. */
export const bind = (name: string, parameters: readonly string[], { positional, named }: Args): Given => {
  if (positional.length > parameters.length)
    throw new JinjaError(`${name}() takes at most ${parameters.length} arguments (${positional.length} given)`);
  const names = parameters.map((parameter) => parameter.replace("?", ""));
  for (const given of named.keys()) {
    const at = names.indexOf(given);
    if (at < 0) throw new JinjaError(`${name}() got an unexpected keyword argument '${given}'`);
    if (at < positional.length) throw new JinjaError(`${name}() got multiple values for argument '${given}'`);
  }
  return parameters.map((parameter, at) => {
    const value = positional[at] ?? (at < positional.length ? positional[at] : named.get(names[at] as string));
    if (value === undefined && !parameter.endsWith("?"))
      throw new JinjaError(`${name}() missing a required argument: '${parameter}'`);
    return value;
  });
};

export const func = (name: string, parameters: readonly string[], run: (...values: Given) => Value): Func =>
  new Func(name, (args) => run(...bind(name, parameters, args)));

export const textArg = (value: Value | undefined, what: string): string => {
  const text = value === undefined ? undefined : asText(value);
  if (text === undefined)
    throw new JinjaError(`${what} must be str, not ${value === undefined ? "nothing" : typeName(value)}`);
  return text;
};

export const intArg = (value: Value | undefined, fallback: number): number => {
  if (value === undefined) return fallback;
  const number = numberOf(value);
  if (typeof number !== "bigint")
    throw new JinjaError(`'${typeName(value)}' object cannot be interpreted as an integer`);
  return Number(number);
};

/** A place in a text or list that may be None, for the bounds of a search. */
export const placeArg = (value: Value | undefined, fallback: number): number =>
  value === undefined || value === null ? fallback : intArg(value, fallback);
