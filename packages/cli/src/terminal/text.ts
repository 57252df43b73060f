/** Text for a terminal: colours only where wanted, nothing printed that could steer the terminal. */

/** Control characters and bidirectional overrides: model output may hold any of them. */
const steering = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** `text` with everything that could move the cursor, change colours or reorder text shown as an escape. */
export function printable(text: string): string {
  return text.replace(steering, (character) => {
    if (character === "\n") return "\\n";
    if (character === "\t") return "\\t";
    const code = character.charCodeAt(0);
    return code < 256 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u${code.toString(16)}`;
  });
}

/** Like `printable`, but line breaks and tabs stay: for text that is meant to span lines. */
export const printableText = (text: string): string =>
  text
    .split(/([\n\t])/)
    .map((part) => (part === "\n" || part === "\t" ? part : printable(part)))
    .join("");

export type Style = "bold" | "dim" | "red" | "green" | "yellow" | "cyan";

const codes: { readonly [style in Style]: number } = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 };

export type Painter = (style: Style, text: string) => string;

/** Colours for a stream: none when it is not a terminal or `NO_COLOR` is set. */
export function painterFor(stream: NodeJS.WriteStream): Painter {
  const plain = stream.isTTY !== true || (process.env.NO_COLOR ?? "") !== "" || process.env.TERM === "dumb";
  return plain ? (_, text) => text : (style, text) => `\u001b[${codes[style]}m${text}\u001b[0m`;
}

/** Columns that tables may take: those of the terminal, else what `COLUMNS` says; without end in a pipe, where nothing is cut. */
export const outputWidth = (): number =>
  process.stdout.columns || Number.parseInt(process.env["COLUMNS"] ?? "", 10) || Number.POSITIVE_INFINITY;

/** The same for rows of data, whose texts may be long: 120 in a pipe. */
export const dataWidth = (): number => (Number.isFinite(outputWidth()) ? outputWidth() : 120);

/** `text` in at most `width` columns, the last one `…` when it was cut. */
export function cut(text: string, width: number): string {
  if (columnsOf(text) <= width) return text;
  let kept = "";
  let columns = 0;
  for (const character of text) {
    columns += columnsOf(character);
    if (columns > width - 1) break;
    kept += character;
  }
  return `${kept}…`;
}

const wide =
  /\p{Emoji_Presentation}|[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]/u;

/** Columns of a terminal that `text` takes: characters of East Asian scripts and emoji take two, combining marks none. */
export function columnsOf(text: string): number {
  let columns = 0;
  for (const character of text) columns += /\p{Mn}/u.test(character) ? 0 : wide.test(character) ? 2 : 1;
  return columns;
}

/** A duration for people: `840 ms`, `12.3 s`, `3 m 05 s`, `2 h 07 m`. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  const seconds = ms / 1000;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} m ${pad(Math.floor(seconds % 60))} s`;
  return `${Math.floor(minutes / 60)} h ${pad(minutes % 60)} m`;
}

/** Bytes for people, in powers of 1000: `840 B`, `12.3 MB`. */
export function bytes(count: number): string {
  const units = ["B", "kB", "MB", "GB", "TB", "PB"];
  const power = count < 1000 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(count) / 3));
  const value = count / 1000 ** power;
  return `${power === 0 ? Math.round(value) : value.toPrecision(3)} ${units[power]}`;
}

/** A number in about four significant digits. */
export function short(value: number): string {
  if (Number.isInteger(value)) return String(value);
  return Math.abs(value) >= 1e5 || Math.abs(value) < 1e-4
    ? value.toExponential(3)
    : String(Number(value.toPrecision(4)));
}

const pad = (value: number): string => String(value).padStart(2, "0");

/** `3.42 MB`, in powers of 1000. */
export function bytesText(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  const power = bytes < 1000 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3));
  return `${power === 0 ? bytes : (bytes / 1000 ** power).toPrecision(3)} ${units[power]}`;
}
