/** Which nodes a plan may run: `--from`, `--to` and `--only`, and what their names mean. */
import { RunError } from "../errors.ts";
import type { Node } from "../pipeline/model.ts";
import { suggestion } from "../pipeline/nearest.ts";
import { parseReference, selects } from "../pipeline/reference.ts";

export interface SelectionOptions {
  /** Only this node and what depends on it may run. */
  readonly from?: string;
  /** Only this node and what it needs may run. */
  readonly to?: string;
  /** Only this node may run. */
  readonly only?: string;
  /** Nodes to run again. */
  readonly force?: ReadonlyArray<string>;
}

export interface Selection {
  /** Nodes that may run. */
  readonly runnable: ReadonlySet<string>;
  /** These and all they need; the others are no part of the plan. */
  readonly planned: ReadonlySet<string>;
  readonly forced: ReadonlySet<string>;
  /** The flags, for saying who left a node out. */
  readonly text: string;
}

/**
 * Names may be those of nodes, of a matrix (all its nodes) or carry brackets (`lora[seed=1]`). Fails with `E_NODE_UNKNOWN`,
 * or `E_NODE_LEFT_OUT` for a forced node that may not run.
 */
export function select(nodes: ReadonlyArray<Node>, options: SelectionOptions): Selection | RunError {
  const parts: Array<{ readonly flag: string; readonly name: string; readonly names: ReadonlySet<string> }> = [];
  for (const flag of ["from", "to", "only"] as const) {
    const name = options[flag];
    if (name === undefined) continue;
    const names = named(nodes, name);
    if (names instanceof RunError) return names;
    parts.push({ flag, name, names });
  }
  const consumers = new Map<string, Array<string>>();
  const producers = new Map<string, ReadonlyArray<string>>();
  for (const node of nodes) {
    const needed = Object.values(node.inputs).flatMap((edges) => edges.map((edge) => edge.node));
    producers.set(node.name, needed);
    for (const producer of needed) {
      const known = consumers.get(producer);
      if (known === undefined) consumers.set(producer, [node.name]);
      else known.push(node.name);
    }
  }
  let runnable: ReadonlySet<string> = new Set(nodes.map(({ name }) => name));
  for (const { flag, names } of parts) {
    const links = flag === "from" ? consumers : producers;
    const meant = flag === "only" ? names : reachable(names, links);
    runnable = new Set([...runnable].filter((it) => meant.has(it)));
  }
  const text = parts.map(({ flag, name }) => `--${flag} ${name}`).join(" ");
  const forced = new Set<string>();
  for (const name of options.force ?? []) {
    const names = named(nodes, name);
    if (names instanceof RunError) return names;
    const out = [...names].find((it) => !runnable.has(it));
    if (out !== undefined) {
      const remedy = "Leave out --force, or choose nodes that include it.";
      return new RunError({
        code: "E_NODE_LEFT_OUT",
        message: `--force ${name}, but ${text} leaves ${out} out`,
        remedy,
      });
    }
    for (const it of names) forced.add(it);
  }
  return { runnable, planned: reachable(runnable, producers), forced, text };
}

function named(nodes: ReadonlyArray<Node>, name: string): ReadonlySet<string> | RunError {
  const reference = parseReference(name);
  const found = nodes.filter((node) => {
    if (node.name === name) return true;
    if (reference === undefined || reference.output !== undefined || node.template !== reference.node) return false;
    if (reference.conditions === undefined) return true;
    return node.matrix !== undefined && selects(reference.conditions, new Map(Object.entries(node.matrix)));
  });
  if (found.length > 0) return new Set(found.map((node) => node.name));
  const names = [...new Set(nodes.flatMap((node) => [node.template, node.name]))];
  const message = `the pipeline has no node "${name}"`;
  return new RunError({ code: "E_NODE_UNKNOWN", message, remedy: suggestion(name, names, "nodes") });
}

function reachable(from: ReadonlySet<string>, links: ReadonlyMap<string, ReadonlyArray<string>>): ReadonlySet<string> {
  const found = new Set(from);
  for (const name of found) for (const next of links.get(name) ?? []) found.add(next);
  return found;
}
