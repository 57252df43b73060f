/** Macros, and the bodies of `call` blocks, as functions. */
import { deeper } from "./budget.ts";
import { readsAnywhere } from "./free-names.ts";
import type { Tools } from "./interpreter.ts";
import { Scope } from "./scope.ts";
import type { Node, Parameter } from "./tree.ts";
import { Dict, Func, JinjaError, Tuple, Undefined, type Value } from "./values.ts";

interface Body {
  readonly parameters: readonly Parameter[];
  readonly body: readonly Node[];
}
const SPECIAL = ["caller", "kwargs", "varargs"] as const;

/** A function that renders the body in the scope where it stands, with its parameters bound; the body of a `call` block has no name. */
export const macro = (
  title: string | undefined,
  { parameters, body }: Body,
  scope: Scope,
  { evaluate, render }: Tools,
): Func => {
  const name = title ?? "caller";
  const names = parameters.map((parameter) => parameter.name);
  const uses = new Set(SPECIAL.filter((special) => readsAnywhere(body, special) && !names.includes(special)));
  const call = ({ positional, named }: Parameters<Func["call"]>[0]): Value => {
    const inner = new Scope(scope);
    const rest = new Map(named);
    const pending: Parameter[] = [];
    for (const [at, parameter] of parameters.entries()) {
      const given = at < positional.length ? positional[at] : rest.get(parameter.name);
      if (at < positional.length && rest.has(parameter.name))
        throw new JinjaError(`macro '${name}' got multiple values for argument '${parameter.name}'`);
      rest.delete(parameter.name);
      if (given === undefined && parameter.fallback !== undefined) pending.push(parameter);
      inner.set(
        parameter.name,
        given === undefined ? new Undefined(`parameter '${parameter.name}' was not provided`) : given,
      );
    }
    if (uses.has("caller")) inner.set("caller", rest.get("caller") ?? new Undefined("No caller defined"));
    if (uses.has("caller")) rest.delete("caller");
    if (uses.has("kwargs")) inner.set("kwargs", new Dict(rest));
    else if (rest.size > 0) throw new JinjaError(`macro '${name}' takes no keyword argument '${[...rest.keys()][0]}'`);
    if (uses.has("varargs")) inner.set("varargs", new Tuple(positional.slice(parameters.length)));
    else if (positional.length > parameters.length)
      throw new JinjaError(`macro '${name}' takes not more than ${parameters.length} argument(s)`);
    for (const parameter of pending) inner.set(parameter.name, evaluate(parameter.fallback as Node, inner));
    return deeper(() => render(body, inner));
  };
  return new Func(
    name,
    call,
    new Map<string, Value>([
      ["name", title ?? null],
      ["arguments", new Tuple(names)],
      ["catch_kwargs", uses.has("kwargs")],
      ["catch_varargs", uses.has("varargs")],
      ["caller", uses.has("caller")],
    ]),
  );
};
