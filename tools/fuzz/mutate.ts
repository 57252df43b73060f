/** Changes of inputs: of bytes, of JSON values by their structure, and texts put together from pieces of a language. */
import type { Random } from "@precipice/stats";

export const pick = <A>(draw: Random, from: ReadonlyArray<A>): A => from[draw.int(from.length)] as A;

const EDGES = [0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff];

/** One to four changes: bits, bytes, numbers at their edges, parts cut out, doubled or put elsewhere. */
export function mutateBytes(draw: Random, from: Uint8Array): Uint8Array {
  let bytes = Buffer.from(from);
  for (let left = 1 + draw.int(4); left > 0; left--) {
    const at = draw.int(bytes.length + 1);
    const size = Math.min(bytes.length - at, 1 + draw.int(16));
    switch (draw.int(6)) {
      case 0:
        if (at < bytes.length) bytes[at] = (bytes[at] as number) ^ (1 << draw.int(8));
        break;
      case 1:
        if (at < bytes.length) bytes[at] = draw.int(256);
        break;
      case 2:
        if (at + 4 <= bytes.length) bytes.writeUInt32LE(pick(draw, EDGES), at);
        break;
      case 3:
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + size)]);
        break;
      case 4:
        bytes = Buffer.concat([bytes.subarray(0, at + size), bytes.subarray(at)]);
        break;
      default:
        bytes = bytes.subarray(0, at);
    }
  }
  return bytes;
}

const VALUES: ReadonlyArray<unknown> = [
  null, true, 0, -1, 1, 0.5, 1e308, -1e308, 2 ** 31, 2 ** 53, 2 ** 63, "", "x", "..", "../x", "/x", "\0", "__proto__",
  "\ud800", "9".repeat(400), [], {}, [[]], [null], Array(300).fill(0),
]; // biome-ignore format: one list

/** A copy in which one to three places have another value, name or number of entries. */
export function mutateJson(draw: Random, from: unknown): unknown {
  let json = structuredClone(from);
  for (let left = 1 + draw.int(3); left > 0; left--) json = changed(draw, json, 0);
  return json;
}

function changed(draw: Random, json: unknown, depth: number): unknown {
  if (typeof json !== "object" || json === null || draw.int(4 + depth) === 0) {
    if (typeof json === "number" && draw.int(2) === 0) return json * pick(draw, [-1, 0.5, 2, 1000, 1e9]);
    return pick(draw, VALUES);
  }
  const entries: Array<[string, unknown]> = Object.entries(json);
  const at = draw.int(entries.length + 1);
  const entry = entries[at];
  if (entry === undefined) entries.push([pick(draw, ["x", "__proto__", "constructor", ""]), pick(draw, VALUES)]);
  else if (draw.int(6) === 0) entries.splice(at, 1);
  else entries[at] = [draw.int(12) === 0 ? "__proto__" : entry[0], changed(draw, entry[1], depth + 1)];
  if (Array.isArray(json)) return entries.map(([, value]) => value);
  const copy: Record<string, unknown> = Object.create(null);
  for (const [name, value] of entries) copy[name] = value;
  return copy;
}

/** A text of up to `most` pieces. */
export const joinPieces = (draw: Random, pieces: ReadonlyArray<string>, most: number): string =>
  Array.from({ length: 1 + draw.int(most) }, () => pick(draw, pieces)).join("");

export const bytesOf = (text: string): Uint8Array => Buffer.from(text, "utf8");
