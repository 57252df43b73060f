/** Where names live: a scope finds what its outer ones hold, and sets only its own. */
import { Undefined, type Value } from "./values.ts";

export class Scope {
  readonly #names = new Map<string, Value>();
  readonly #outer: Scope | undefined;
  constructor(outer: Scope | undefined, names: Iterable<readonly [string, Value]> = []) {
    this.#outer = outer;
    for (const [name, value] of names) this.#names.set(name, value);
  }
  set(name: string, value: Value): void {
    this.#names.set(name, value);
  }
  find(name: string): Value | undefined {
    const own = this.#names.get(name);
    return own === undefined ? this.#outer?.find(name) : own;
  }
  /** The value, or the undefined one that says so. */
  get(name: string): Value {
    const found = this.find(name);
    return found === undefined ? new Undefined(`'${name}' is undefined`) : found;
  }
}
