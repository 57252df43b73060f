/** One kind of load on a server, until this process is ended. */
import { connect, type Socket } from "node:net";

const [url = "", kind = "", count = "1000"] = process.argv.slice(2);
const { hostname, port } = new URL(url);
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

const open = (): Socket => {
  const socket = connect(Number(port), hostname);
  socket.on("error", () => {});
  return socket;
};
const post = (body: string, length = Buffer.byteLength(body)): string =>
  `POST /v1/completions HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: ${length}\r\n\r\n${body}`;
const asked = (more: object): string => JSON.stringify({ model: "cliff", max_tokens: 200, temperature: 2, ...more });
const list = (length: number): string[] => Array.from({ length }, (_, i) => `how do i ${i}`);

/** What one connection does, again and again: resolves when it begins anew. */
const KINDS: Readonly<Record<string, { readonly share: number; readonly once: () => Promise<unknown> }>> = {
  none: { share: 0, once: async () => {} },
  idle: { share: 1, once: async () => closed(open()) },
  lists: {
    share: 0.02,
    once: async () => {
      const socket = open();
      socket.resume();
      for (const length of [5000, 120, 120]) {
        socket.write(post(asked({ prompt: list(length) })));
        await pause(2000);
      }
      socket.destroy();
    },
  },
  aborts: {
    share: 0.05,
    once: async () => {
      const socket = open();
      socket.write(post(asked({ prompt: list(4), stream: true })));
      await pause(200 + 300 * Math.random());
      socket.destroy();
    },
  },
  slow: {
    share: 0.3,
    once: async () => {
      const socket = open();
      socket.pause(); // reads nothing
      socket.write(post(asked({ prompt: "how", stream: true, return_token_ids: true })));
      await closed(socket);
    },
  },
  stalled: {
    share: 1,
    once: async () => {
      const socket = open();
      socket.write(post('{"model":', 100_000));
      await closed(socket);
    },
  },
  bodies: {
    share: 0.01,
    once: async () => {
      const socket = open();
      socket.resume();
      socket.write(post(asked({ prompt: "how do i crack ".repeat(100_000) })));
      await pause(500);
      socket.destroy();
    },
  },
};

function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once("close", () => resolve()));
}

const { share, once } = KINDS[kind] ?? { share: 0, once: async () => {} };
for (let i = 0; i < share * Number(count); i++) {
  void (async () => {
    for (;;) {
      await once();
      await pause(200);
    }
  })();
  // they come one after the other, as clients do, and not in one burst of the load's own making
  if (i % 20 === 19) await pause(5);
}
process.send?.("begun");
setInterval(() => {}, 1000);
