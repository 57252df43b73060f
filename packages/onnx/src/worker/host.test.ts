/** Calls into a worker thread: order, events, interruption, errors as classes, and what a lost worker leaves behind. */
import { afterEach, describe, expect, it } from "vitest";
import { GraphError, Interrupted, SessionError } from "../errors.ts";
import { type ErrorClasses, WorkerHost } from "./host.ts";

const hosts: WorkerHost[] = [];
const start = (errors?: ErrorClasses): WorkerHost => {
  const host = new WorkerHost("rehearsal.test-worker", import.meta.url, "rehearsal", errors);
  hosts.push(host);
  return host;
};
afterEach(async () => {
  await Promise.all(hosts.splice(0).map((host) => host.close()));
});

/** A counting call that is known to run: resolves with its controller at the first event. */
const counting = (host: WorkerHost, from = 0) => {
  const controller = new AbortController();
  const events: number[] = [];
  let heard = () => {};
  const running = new Promise<void>((resolve) => {
    heard = resolve;
  });
  const onEvent = (event: unknown) => {
    events.push(event as number);
    heard();
  };
  const call = host.call("count", { from }, { signal: controller.signal, onEvent });
  return { call, events, running, controller };
};

describe("WorkerHost", () => {
  it("serves overlapping calls in order", async () => {
    const host = start();
    const order: number[] = [];
    await Promise.all([1, 2, 3].map((n) => host.call("echo", n).then((value) => order.push(value as number))));
    expect(order).toEqual([1, 2, 3]);
  });

  it("stops a running call between its steps and goes on with the next", async () => {
    const host = start();
    const { call, events, running, controller } = counting(host, 5);
    await running;
    controller.abort();
    await expect(call).rejects.toBeInstanceOf(Interrupted);
    expect(events.slice(0, 1)).toEqual([5]);
    expect(await host.call("echo", "still here")).toBe("still here");
  });

  it("stops the running and every waiting call of one signal", async () => {
    const host = start();
    const controller = new AbortController();
    const calls = [0, 1, 2, 3].map((from) => host.call("count", { from }, { signal: controller.signal }));
    await Promise.resolve();
    controller.abort();
    const ends = await Promise.allSettled(calls);
    expect(ends.map((e) => e.status === "rejected" && (e.reason as Interrupted)._tag)).toEqual(
      Array(4).fill("Interrupted"),
    );
  });

  it("refuses a call whose signal has fired already, without asking the worker", async () => {
    const host = start();
    await expect(host.call("count", { from: 0 }, { signal: AbortSignal.abort() })).rejects.toBeInstanceOf(Interrupted);
  });

  it("lets a finished call alone when its signal fires late", async () => {
    const host = start();
    const controller = new AbortController();
    expect(await host.call("echo", 1, { signal: controller.signal })).toBe(1);
    controller.abort();
    expect(await host.call("echo", 2)).toBe(2);
  });

  it("brings typed errors over as their classes, others with tag, fields and message", async () => {
    class OwnError extends Error {
      readonly what: string;
      constructor({ what }: { readonly what: string }) {
        super(`rebuilt: ${what}`);
        this.what = what;
      }
    }
    const host = start({ OwnError });
    const typed = await host.call("fail", "typed").catch((e: unknown) => e);
    expect(typed).toBeInstanceOf(GraphError);
    expect(typed).toMatchObject({ op: "Add", place: "here", problem: "too odd" });
    await expect(host.call("fail", "plain")).rejects.toBeInstanceOf(SessionError);
    const own = await host.call("fail", "own").catch((e: unknown) => e);
    expect(own).toBeInstanceOf(OwnError);
    expect(own).toMatchObject({ message: "rebuilt: odd" });
    await expect(start().call("fail", "own")).rejects.toMatchObject({
      _tag: "OwnError",
      what: "odd",
      message: "own error: odd",
    });
    await expect(host.call("fail", "text")).rejects.toThrow("just text");
    await expect(host.call("nonsense", {})).rejects.toThrow('worker has no method "nonsense"');
  });

  it("rejects arguments and results that cannot be sent, and lives on", async () => {
    const host = start();
    await expect(host.call("echo", () => {})).rejects.toThrow(/could not be cloned/);
    await expect(host.call("unsendable", {})).rejects.toThrow(/could not be cloned/);
    expect(await host.call("echo", 1)).toBe(1);
  });

  it("rejects with what an event listener throws, and stops the call", async () => {
    const host = start();
    const call = host.call(
      "count",
      { from: 0 },
      {
        onEvent: () => {
          throw new RangeError("listener");
        },
      },
    );
    await expect(call).rejects.toThrow(RangeError);
    expect(await host.call("echo", "next")).toBe("next");
  });

  it.each([
    ["exit", "it exited with code 3"],
    ["crash", "out of the blue"],
  ])("gives SessionError to all pending calls when the worker is lost (%s)", async (method, reason) => {
    const host = start();
    const ends = await Promise.allSettled([host.call(method, {}), host.call("echo", 1), host.call("echo", 2)]);
    for (const end of ends) {
      expect(end).toMatchObject({ status: "rejected", reason: { _tag: "SessionError", phase: "worker", reason } });
    }
    await expect(host.call("echo", 3)).rejects.toMatchObject({
      message: `lost the worker of program "rehearsal": ${reason}`,
    });
    await host.close();
  });

  it("gives SessionError when the worker's module is not there", async () => {
    const host = new WorkerHost("no-such-worker", import.meta.url);
    hosts.push(host);
    await expect(host.call("echo", 1)).rejects.toMatchObject({ _tag: "SessionError", phase: "worker" });
  });

  it("finishes what it was asked before closing, refuses what comes later, and closes once", async () => {
    const host = start();
    const calls = [host.call("echo", 1), host.call("echo", 2)];
    const closed = [host.close(), host.close()];
    await expect(host.call("echo", 3)).rejects.toMatchObject({ _tag: "SessionError", reason: "it was closed" });
    expect(await Promise.all(calls)).toEqual([1, 2]);
    await Promise.all(closed);
    await host.close();
  });
});
