/** Whoever asks for much waits behind his own: turns go round over clients, and within each over what he is made of, to any depth. */

/** From the outside in, say address, key, connection. */
export type ClientPath = ReadonlyArray<string>;

interface Node<A> {
  readonly children: Map<string, Node<A>>;
  readonly items: Set<A>;
}

const node = <A>(): Node<A> => ({ children: new Map(), items: new Set() });

export class FairQueue<A> {
  readonly #root: Node<A> = node();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  push(path: ClientPath, item: A): void {
    let at = this.#root;
    for (const name of path) {
      const child = at.children.get(name) ?? node<A>();
      at.children.set(name, child);
      at = child;
    }
    at.items.add(item);
    this.#size++;
  }

  /** Takes an item out before its turn; false where it was not there. */
  remove(path: ClientPath, item: A): boolean {
    const nodes = [this.#root];
    for (const name of path) {
      const child = nodes.at(-1)?.children.get(name);
      if (child === undefined) return false;
      nodes.push(child);
    }
    if (nodes.at(-1)?.items.delete(item) !== true) return false;
    this.#size--;
    for (let depth = path.length; depth > 0; depth--)
      if (isEmpty(nodes[depth] as Node<A>)) nodes[depth - 1]?.children.delete(path[depth - 1] as string);
    return true;
  }

  /** The next in turn of those that may; undefined where none may. Who had a turn goes to the end. */
  take(may: (item: A) => boolean = () => true): A | undefined {
    const found = takeFrom(this.#root, may);
    if (found === undefined) return undefined;
    this.#size--;
    return found.item;
  }
}

const isEmpty = ({ children, items }: Node<unknown>): boolean => children.size === 0 && items.size === 0;

const takeFrom = <A>({ children, items }: Node<A>, may: (item: A) => boolean): { readonly item: A } | undefined => {
  for (const item of items) {
    if (!may(item)) continue;
    items.delete(item);
    return { item };
  }
  for (const [name, child] of children) {
    const found = takeFrom(child, may);
    if (found === undefined) continue;
    children.delete(name);
    if (!isEmpty(child)) children.set(name, child);
    return found;
  }
  return undefined;
};
