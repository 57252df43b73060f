/** What the page shows, as an address: everything after `#` can be sent to somebody else. */
import { ENGINES, type EngineName } from "../page-data.ts";

export interface State {
  readonly prompt: string;
  /** Heads that are off, as layer · heads + head, ascending. */
  readonly off: ReadonlyArray<number>;
  readonly engine: EngineName;
}

interface Shape {
  readonly layers: number;
  readonly heads: number;
}

/** `#ask=…&off=4.3,5.11`; what the model does not have is left out, an engine that is not named is wasm. */
export const formatState = ({ prompt, off, engine }: State, { heads }: Shape): string => {
  const parameters = new URLSearchParams({ ask: prompt });
  if (off.length > 0) parameters.set("off", off.map((i) => `${Math.floor(i / heads)}.${i % heads}`).join(","));
  if (engine !== "wasm") parameters.set("engine", engine);
  return `#${parameters.toString().replaceAll("%2C", ",")}`;
};

/** A state from an address, whatever stands there. */
export const parseState = (hash: string, { layers, heads }: Shape, fallback: State): State => {
  const parameters = new URLSearchParams(hash.replace(/^#/, ""));
  const named = (parameters.get("off") ?? "").split(",").flatMap((name) => {
    const [, layer, head] = /^(\d{1,4})\.(\d{1,4})$/.exec(name) ?? [];
    const [l, h] = [Number(layer), Number(head)];
    return l < layers && h < heads ? [l * heads + h] : [];
  });
  const engine = ENGINES.find((name) => name === parameters.get("engine"));
  const ask = parameters.get("ask");
  return {
    prompt: ask === null ? fallback.prompt : ask.slice(0, 400),
    off: ask === null && named.length === 0 ? fallback.off : [...new Set(named)].sort((a, b) => a - b),
    engine: engine ?? "wasm",
  };
};
