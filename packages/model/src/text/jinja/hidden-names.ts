/**
 * Names that a block sets further down, and that are undefined in the blocks within it until then, though the caller gave them: as
 * Jinja2 compiles `{% for … %}{{ x }}{% endfor %}{% set x = 1 %}`. Source: `jinja2.idtracking`.
 */
import { freeNames } from "./free-names.ts";
import type { Node } from "./tree.ts";

const hidden = new WeakMap<readonly Node[], ReadonlySet<string>>();
const NONE: ReadonlySet<string> = new Set();

/** Those of a body of `findHidden`'s template. */
export const hiddenIn = (body: readonly Node[]): ReadonlySet<string> => hidden.get(body) ?? NONE;

/** Finds them in a template, once it is parsed. */
export const findHidden = (template: readonly Node[]): void => block(template, [], NONE);

/** One scope: `known` are the names that the scopes around it read or set. */
const block = (body: readonly Node[], parameters: Iterable<string>, known: ReadonlySet<string>): void => {
  const own = new Set(parameters);
  const late = new Set<string>();
  const inner: Array<(names: ReadonlySet<string>) => void> = [];
  const read = (...nodes: ReadonlyArray<Node | undefined>) => {
    for (const name of freeNames(nodes.filter((node) => node !== undefined))) if (!known.has(name)) own.add(name);
  };
  const set = (name: string, always: boolean) => {
    if (always && !own.has(name) && !known.has(name)) late.add(name);
    own.add(name);
  };
  const scope = (nodes: readonly Node[], ...names: readonly string[]) =>
    inner.push((around) => block(nodes, names, around));
  const visit = (node: Node, always: boolean): void => {
    switch (node.type) {
      case "If":
        read(node.test);
        for (const part of [...node.body, ...node.otherwise]) visit(part, false);
        return;
      case "For":
        read(node.items);
        scope(node.body, ...targets(node.target), "loop");
        scope(node.otherwise);
        return;
      case "Set":
        read(node.value);
        if (node.target.type === "Attribute") read(node.target);
        for (const name of targets(node.target)) set(name, always);
        return;
      case "SetBlock":
        scope(node.body);
        for (const name of targets(node.target)) set(name, always);
        return;
      case "Macro":
        set(node.name, always);
        scope(node.body, ...node.parameters.map(({ name }) => name), "caller", "kwargs", "varargs");
        return;
      case "CallBlock":
        read(node.call);
        scope(node.body, ...node.parameters.map(({ name }) => name), "caller", "kwargs", "varargs");
        return;
      case "FilterBlock":
        scope(node.body);
        return;
      case "With":
        read(...node.bindings.map(({ value }) => value));
        scope(node.body, ...node.bindings.map(({ name }) => name));
        return;
      case "Generation":
        scope(node.body);
        return;
      case "Text":
      case "Break":
      case "Continue":
        return;
      default:
        read(node);
    }
  };
  for (const node of body) visit(node, true);
  if (late.size > 0) hidden.set(body, late);
  const names = new Set([...known, ...own]);
  for (const go of inner) go(names);
};

const targets = (target: Node): readonly string[] => {
  if (target.type === "Name") return [target.name];
  return target.type === "Tuple" ? target.items.flatMap(targets) : [];
};
