/** The items of a `for` and its `loop`, read one ahead only where the template asks what comes next. */
import { equal } from "./operators.ts";
import { type Args, Func, Instance, JinjaError, Tuple, Undefined, type Value } from "./values.ts";

export class Loop {
  /** The place of the current item, from 0. */
  index = -1;
  readonly value: Instance;
  #source: Iterator<Value>;
  #ahead: Value | undefined;
  #current: Value | undefined;
  #previous: Value | undefined;
  #length: number | undefined;
  #changed: Value | undefined;
  readonly #depth: number;

  /** `length` where it is known before the walk; `again` renders the loop's body for other items. */
  constructor(
    items: Iterable<Value>,
    length: number | undefined,
    depth: number,
    again: ((items: Value) => Value) | undefined,
  ) {
    this.#source = items[Symbol.iterator]();
    this.#length = length;
    this.#depth = depth;
    this.value = new Instance(
      "LoopContext",
      (name) => this.#attribute(name),
      ({ positional }) => {
        if (again === undefined)
          throw new JinjaError("The loop must have the 'recursive' marker to be called recursively.");
        return again(positional[0] ?? null);
      },
    );
  }

  /** The next item; undefined at the end. */
  next(): Value | undefined {
    const item = this.#ahead === undefined ? this.#pull() : this.#ahead;
    this.#ahead = undefined;
    if (item === undefined) return undefined;
    this.index += 1;
    this.#previous = this.#current;
    this.#current = item;
    return item;
  }

  #pull(): Value | undefined {
    const step = this.#source.next();
    return step.done === true ? undefined : step.value;
  }

  #peek(): Value | undefined {
    if (this.#ahead === undefined) this.#ahead = this.#pull();
    return this.#ahead;
  }

  #size(): number {
    if (this.#length !== undefined) return this.#length;
    const ahead = this.#ahead;
    const rest: Value[] = [];
    for (let item = this.#pull(); item !== undefined; item = this.#pull()) rest.push(item);
    this.#source = rest[Symbol.iterator]();
    this.#length = this.index + 1 + (ahead === undefined ? 0 : 1) + rest.length;
    return this.#length;
  }

  #attribute(name: string): Value | undefined {
    switch (name) {
      case "index":
        return BigInt(this.index + 1);
      case "index0":
        return BigInt(this.index);
      case "revindex":
        return BigInt(this.#size() - this.index);
      case "revindex0":
        return BigInt(this.#size() - this.index - 1);
      case "first":
        return this.index === 0;
      case "last":
        return this.#peek() === undefined;
      case "length":
        return BigInt(this.#size());
      case "depth":
        return BigInt(this.#depth + 1);
      case "depth0":
        return BigInt(this.#depth);
      case "previtem":
        return this.#previous === undefined ? new Undefined("there is no previous item") : this.#previous;
      case "nextitem": {
        const ahead = this.#peek();
        return ahead === undefined ? new Undefined("there is no next item") : ahead;
      }
      case "cycle":
        return new Func("cycle", ({ positional }: Args) => {
          if (positional.length === 0) throw new JinjaError("no items for cycling given");
          return positional[this.index % positional.length] as Value;
        });
      case "changed":
        return new Func("changed", ({ positional }: Args) => {
          const now = new Tuple(positional);
          const same = this.#changed !== undefined && equal(this.#changed, now);
          this.#changed = now;
          return !same;
        });
      case "__repr__":
        return `<LoopContext ${this.index + 1}/${this.#size()}>`;
      default:
        return undefined;
    }
  }
}
