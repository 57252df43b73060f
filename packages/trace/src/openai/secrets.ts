/** Keys that a server repeats: hidden in every text of it that is kept or told. */

export interface Secrets {
  /** For errors: each key, however short. */
  readonly hide: (text: string) => string;
  /** For replies, which are data: long keys only, since a stand-in such as "EMPTY" may be a word of the text. */
  readonly hideLong: (text: string) => string;
  /** JSON with its texts hidden as `hideLong` does; throws as `JSON.parse` does. */
  readonly parse: (text: string) => unknown;
}

/** A key as short as this is a stand-in for one. */
const LONG = 16;
/** Tokens that lie in the environment of whoever runs models. */
const ALSO = ["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"];

/** A key as it is, as a part of an address, and in base64, as Basic authorization has it. */
const forms = (key: string): readonly string[] => [
  ...new Set(key.length < LONG ? [key] : [key, encodeURIComponent(key), Buffer.from(key).toString("base64")]),
];

const hiding =
  (secrets: readonly string[]) =>
  (text: string): string =>
    secrets.reduce((rest, secret) => rest.replaceAll(secret, "***"), text);

/** @param key the key that is sent, or null; the hub's tokens in `environment` are hidden beside it. */
export const secretsOf = (key: string | null, environment: Readonly<Record<string, string | undefined>>): Secrets => {
  const tokens = ALSO.map((name) => environment[name]?.trim() ?? "").filter((token) => token.length >= LONG);
  const keys = [...(key === null ? [] : [key]), ...tokens];
  const long = keys.filter((one) => one.length >= LONG).flatMap(forms);
  const hideLong = hiding(long);
  const reviver = (_: string, value: unknown): unknown => (typeof value === "string" ? hideLong(value) : value);
  return {
    hide: hiding(keys.flatMap(forms)),
    hideLong,
    parse: (text) => (long.length === 0 ? JSON.parse(text) : JSON.parse(text, reviver)),
  };
};
