/** Values of Parquet columns whose text hyparquet would change: decimals, 32-bit floats, bytes that are no UTF-8, times. */
import { type FileMetaData, type ParquetParsers, parquetSchema, type SchemaTree } from "hyparquet";
import { parseJson } from "./json-text.ts";

type Element = SchemaTree["element"];
export type Convert = (value: unknown) => unknown;

/**
 * Metadata by which decimals come raw, and what turns a column's raw value into its text. Columns within lists and structures stay as
 * they are: nothing reads numbers there.
 */
export const exactColumns = (
  metadata: FileMetaData,
): { readonly metadata: FileMetaData; readonly convert: ReadonlyMap<string, Convert> } => {
  const convert = new Map<string, Convert>();
  const leaves = new Set<Element>();
  for (const { element, children } of parquetSchema(metadata).children) {
    if (children.length > 0 || element.repetition_type === "REPEATED") continue;
    const scale = decimalScale(element);
    if (scale !== undefined) {
      leaves.add(element);
      convert.set(element.name, (value) => decimalText(value, scale));
    } else if (element.type === "FLOAT") convert.set(element.name, floatNumber);
    else if (isUnsigned64(element)) convert.set(element.name, unsigned);
  }
  const schema = metadata.schema.map((element) => (leaves.has(element) ? rawDecimal(element) : element));
  return { metadata: { ...metadata, schema }, convert };
};

const decimalScale = ({ converted_type, logical_type, scale }: Element): number | undefined => {
  if (logical_type?.type === "DECIMAL") return logical_type.scale;
  return converted_type === "DECIMAL" ? (scale ?? 0) : undefined;
};

/** Bytes are handed on by the parser of a type that data sets of text do not have; whole numbers by having no type at all. */
const rawDecimal = ({ converted_type: _, logical_type: __, ...rest }: Element): Element =>
  rest.type === "INT32" || rest.type === "INT64" ? rest : { ...rest, logical_type: { type: "GEOMETRY" } };

const isUnsigned64 = ({ converted_type, logical_type }: Element): boolean =>
  converted_type === "UINT_64" ||
  (logical_type?.type === "INTEGER" && logical_type.bitWidth === 64 && !logical_type.isSigned);

const unsigned = (value: unknown): unknown => (typeof value === "bigint" ? BigInt.asUintN(64, value) : value);

/** A 32-bit float as the shortest decimal that means it: 0.1, not 0.10000000149011612. */
const floatNumber = (value: unknown): unknown => {
  if (typeof value !== "number" || !Number.isFinite(value)) return value;
  for (let digits = 1; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return short;
  }
  return value;
};

/** `1.10` of the unscaled 110 and scale 2. */
const decimalText = (value: unknown, scale: number): unknown => {
  if (value === null || value === undefined) return value;
  const whole = value instanceof Uint8Array ? signed(value) : BigInt(value as number | bigint);
  const digits = (whole < 0n ? -whole : whole).toString().padStart(scale + 1, "0");
  const sign = whole < 0n ? "-" : "";
  return sign + (scale === 0 ? digits : `${digits.slice(0, -scale)}.${digits.slice(-scale)}`);
};

const signed = (bytes: Uint8Array): bigint => {
  let value = 0n;
  for (const byte of bytes) value = value * 256n + BigInt(byte);
  return BigInt.asIntN(bytes.length * 8, value);
};

/** Thrown where a text of a Parquet file is not UTF-8. */
export class NotUtf8 extends Error {}
/** Stands in a text for what is not UTF-8, while its row is looked for. */
export const NOT_UTF8 = "\uFFFD\u0000\uFFFD not UTF-8";

const fatal = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Texts are checked; with `marks`, what is not UTF-8 becomes `NOT_UTF8`. Dates and times become ISO texts. */
export const parsersOf = (marks: boolean): Partial<ParquetParsers> => {
  const text = (bytes: Uint8Array | undefined): string | undefined => {
    if (bytes === undefined || bytes === null) return undefined;
    try {
      return fatal.decode(bytes);
    } catch {
      if (marks) return NOT_UTF8;
      throw new NotUtf8("a text is not UTF-8");
    }
  };
  return {
    stringFromBytes: text,
    jsonFromBytes: (bytes) => {
      const json = text(bytes);
      return json === undefined || json === NOT_UTF8 ? json : parseJson(json);
    },
    geometryFromBytes: (bytes) => bytes as never,
    dateFromDays: (days) => new Date(days * 86_400_000).toISOString().slice(0, 10) as never,
    timestampFromMicroseconds: (micros) => isoTime(micros, 1_000n, 3) as never,
    timestampFromNanoseconds: (nanos) => isoTime(nanos, 1_000_000n, 6) as never,
    timestampFromMilliseconds: (millis) => isoTime(millis, 1n, 0) as never,
  };
};

/** `2024-01-02T03:04:05.678901`, of parts of a second as many digits as the unit has. No zone: the file's own reading of it. */
const isoTime = (value: bigint | number, perMilli: bigint, digits: number): string => {
  const units = BigInt(value);
  const rest = ((units % perMilli) + perMilli) % perMilli;
  const base = new Date(Number((units - rest) / perMilli)).toISOString().slice(0, -1);
  return digits === 0 ? base : base + rest.toString().padStart(digits, "0");
};
