/** Asks /health and a small request by turns for so many seconds, one connection each, and tells how long they took. */
import { Agent, request } from "node:http";

interface Times {
  readonly count: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

export interface Watched {
  readonly health: Times;
  readonly small: Times;
  /** Small requests answered with 429. */
  readonly busy: number;
  /** Requests with any other answer, or none in 30 s. */
  readonly lost: number;
}

const [url = "", seconds = "1"] = process.argv.slice(2);
const until = performance.now() + 1000 * Number(seconds);
let busy = 0;
let lost = 0;

const ask = (agent: Agent, path: string, body?: string): Promise<number> =>
  new Promise((resolve) => {
    const headers = body === undefined ? {} : { "content-type": "application/json" };
    const options = { method: body === undefined ? "GET" : "POST", agent, headers, timeout: 30_000 };
    const sent = request(`${url}${path}`, options, (response) => {
      response.resume().once("end", () => resolve(response.statusCode ?? 0));
    });
    sent.once("error", () => resolve(0)).once("timeout", () => sent.destroy());
    sent.end(body);
  });

const repeat = async (pauseMs: number, path: string, body?: string): Promise<Times> => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const times: number[] = [];
  while (performance.now() < until) {
    const started = performance.now();
    const status = await ask(agent, path, body);
    if (status === 429) busy++;
    else if (status === 200) times.push(performance.now() - started);
    else lost++;
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
  agent.destroy();
  times.sort((a, b) => a - b);
  const at = (share: number) => times[Math.min(times.length - 1, Math.floor(share * times.length))] ?? Number.NaN;
  return { count: times.length, p50: at(0.5), p99: at(0.99), max: at(1) };
};

const small = JSON.stringify({ model: "cliff", prompt: "how do i", max_tokens: 4, temperature: 0 });
const [health, asked] = await Promise.all([repeat(10, "/health"), repeat(20, "/v1/completions", small)]);
const told: Watched = { health, small: asked, busy, lost };
process.send?.(told, () => process.exit(0));
