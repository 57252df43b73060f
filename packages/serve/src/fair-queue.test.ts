import { describe, expect, it } from "vitest";
import { FairQueue } from "./fair-queue.ts";
import { Slots } from "./slots.ts";

const drain = <A>(queue: FairQueue<A>): A[] => {
  const all: A[] = [];
  for (let item = queue.take(); item !== undefined; item = queue.take()) all.push(item);
  return all;
};

describe("a fair queue", () => {
  it("goes round over clients, whoever came first and with however much", () => {
    const queue = new FairQueue<string>();
    for (const i of [1, 2, 3, 4]) queue.push(["a"], `a${i}`);
    for (const i of [1, 2]) queue.push(["b"], `b${i}`);
    queue.push(["c"], "c1");
    expect(drain(queue)).toEqual(["a1", "b1", "c1", "a2", "b2", "a3", "a4"]);
    expect(queue.size).toBe(0);
  });

  it("gives an address one share, however many connections it opens", () => {
    const queue = new FairQueue<string>();
    for (const i of [1, 2, 3]) queue.push(["a", `${i}`], `a${i}`);
    for (const i of [1, 2, 3]) queue.push(["b", "1"], `b${i}`);
    expect(drain(queue)).toEqual(["a1", "b1", "a2", "b2", "a3", "b3"]);
  });

  it("forgets who left, and passes over who may not", () => {
    const queue = new FairQueue<string>();
    queue.push(["a"], "a1");
    queue.push(["b"], "b1");
    expect(queue.remove(["a"], "a1")).toBe(true);
    expect(queue.remove(["a"], "a1")).toBe(false);
    expect(queue.take((item) => item !== "b1")).toBeUndefined();
    expect(drain(queue)).toEqual(["b1"]);
  });
});

describe("places for rows", () => {
  it("are never all one connection's, and who leaves the queue takes none", async () => {
    const slots = new Slots(8);
    const signal = new AbortController().signal;
    const entered: string[] = [];
    const enter = async (client: string, own = signal) => {
      const leave = await slots.enter([client], own);
      entered.push(client);
      return leave;
    };
    const hog = Array.from({ length: 10 }, () => enter("hog"));
    const held = await Promise.all(hog.slice(0, 7));
    const leaving = new AbortController();
    const left = enter("left", leaving.signal);
    await left.then((leave) => leave());
    const small = await enter("small");
    expect([entered.filter((name) => name === "hog").length, slots.waiting]).toEqual([7, 3]);
    const waits = enter("late", leaving.signal);
    leaving.abort(new Error("gone"));
    await expect(waits).rejects.toThrow("gone");
    for (const leave of [...held, small]) leave();
    for (const leave of await Promise.all(hog)) leave();
    expect(slots.waiting).toBe(0);
  });
});
