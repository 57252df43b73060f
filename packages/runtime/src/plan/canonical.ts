/** One text per value, whatever the order of its keys: what cache keys are hashed from and compared by. */
import { createHash } from "node:crypto";

/**
 * Canonical JSON: object keys sorted, `undefined` members dropped, `-0` as `0`; numbers JSON has no text for and bigints are
 * tagged so that they stay distinct from strings and from each other.
 *
 * @throws TypeError for functions, symbols and cyclic values.
 */
export function canonicalJson(value: unknown): string {
  return write(value, []);
}

/** First 32 hex digits of the sha256 of a value's canonical JSON. */
export function digestOf(value: unknown): string {
  return createHash("sha256").update(canonicalJson(value)).digest("hex").slice(0, 32);
}

function write(value: unknown, ancestors: ReadonlyArray<object>): string {
  switch (typeof value) {
    case "string":
    case "boolean":
      return JSON.stringify(value);
    case "number":
      return Number.isFinite(value) ? JSON.stringify(value) : `{"$number":"${value}"}`;
    case "bigint":
      return `{"$bigint":"${value}"}`;
    case "undefined":
      return "null";
    case "object":
      return value === null ? "null" : writeObject(value, ancestors);
    default:
      throw new TypeError(`a ${typeof value} has no canonical JSON`);
  }
}

function writeObject(value: object, ancestors: ReadonlyArray<object>): string {
  if (ancestors.includes(value)) throw new TypeError("a cyclic value has no canonical JSON");
  const inner = [...ancestors, value];
  if (Array.isArray(value)) return `[${value.map((item) => write(item, inner)).join(",")}]`;
  const json = (value as { toJSON?: unknown }).toJSON;
  if (typeof json === "function") return write(json.call(value), inner);
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${write(member, inner)}`).join(",")}}`;
}
