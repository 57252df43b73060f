/**
 * Chat templates as transformers renders them: Jinja2 in an immutable sandbox, with `trim_blocks`, `lstrip_blocks`, loop
 * controls, `{% generation %}`, `tojson`, `raise_exception` and `strftime_now`. The parser is that of `@huggingface/jinja`;
 * its tokens are made here and its tree is rewritten, since its values, scopes and white space are not Python's.
 */
import { budgetFor, UNBOUNDED, within } from "./budget.ts";
import { freeNames } from "./free-names.ts";
import { globals } from "./globals.ts";
import { findHidden } from "./hidden-names.ts";
import { render } from "./interpreter.ts";
import { Scope } from "./scope.ts";
import { type Node, parseTemplate } from "./tree.ts";
import { charactersOf, toValue } from "./values.ts";

export { JinjaError } from "./values.ts";

/** Templates that print today's date would give another prompt every day: they get this one, the fallback of Llama's. */
const FIXED_DATE = new Date(Date.UTC(2024, 6, 26));

export class JinjaTemplate {
  /** The names it reads from outside. */
  readonly names: ReadonlySet<string>;
  readonly #nodes: readonly Node[];

  /** Throws `JinjaError` with the line where the source is no Jinja or uses a statement that is not supported. */
  constructor(source: string) {
    [this.#nodes, this.names] = within(UNBOUNDED, () => {
      const nodes = parseTemplate(source);
      findHidden(nodes);
      return [nodes, freeNames(nodes)];
    });
  }

  /** Throws `JinjaError` where Jinja2 would, for what is not supported, and where the budget for such an input is spent. */
  render(variables: Readonly<Record<string, unknown>>): string {
    const given = Object.entries(variables).map(([name, value]) => [name, toValue(value)] as const);
    const budget = budgetFor(given.reduce((size, [, value]) => size + charactersOf(value), 0));
    return within(budget, () => render(this.#nodes, new Scope(new Scope(undefined, globals(FIXED_DATE)), given)));
  }
}
