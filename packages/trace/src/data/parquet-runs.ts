/**
 * The run lengths within a Parquet page, checked before they are decoded: a run is a few bytes and may claim two billion values, which
 * the decoder would write down one by one.
 */
import type { PageHeader, SchemaTree } from "hyparquet";
import { getMaxDefinitionLevel, getMaxRepetitionLevel } from "hyparquet/src/schema.js";

/** What a page's runs are checked against. */
export interface PageRuns {
  readonly values: number;
  /** Bits of a repetition and a definition level; 0 where the column has none, or where they lie outside (version 2). */
  readonly levels: ReadonlyArray<number>;
  /** `dictionary`: a byte with the width, then runs; `boolean`: a length, then runs of one bit; `plain`: no runs. */
  readonly data: "dictionary" | "boolean" | "plain";
}

type Encoded = Pick<NonNullable<PageHeader["data_page_header_v2"]>, "num_values" | "encoding">;

const bitsOf = (most: number): number => 32 - Math.clz32(most);

export const runsOf = (page: Encoded, path: SchemaTree[], hasLevels: boolean): PageRuns => ({
  values: page.num_values,
  levels: hasLevels ? [bitsOf(getMaxRepetitionLevel(path)), bitsOf(getMaxDefinitionLevel(path))] : [],
  data: page.encoding?.endsWith("DICTIONARY") ? "dictionary" : page.encoding === "RLE" ? "boolean" : "plain",
});

/** The bits of the levels of a page of version 2, which lie before its data. */
export const levelBits = (path: SchemaTree[]): readonly [repetition: number, definition: number] => [
  bitsOf(getMaxRepetitionLevel(path)),
  bitsOf(getMaxDefinitionLevel(path)),
];

/** Throws `Error` where a run of the unpacked page claims more values than the page has, or lies beyond its end. */
export const checkRuns = (page: Uint8Array, { values, levels, data }: PageRuns): void => {
  const view = new DataView(page.buffer, page.byteOffset, page.byteLength);
  const skip = (at: number, bits: number): number => {
    if (at + 4 > page.length) throw tooShort();
    const end = at + 4 + view.getUint32(at, true);
    checkHybrid(page.subarray(at + 4), bits, values);
    return end;
  };
  let at = 0;
  for (const bits of levels) if (bits > 0) at = skip(at, bits);
  if (values === 0 || at >= page.length) return;
  if (data === "boolean") skip(at, 1);
  if (data === "dictionary" && page[at] !== 0) checkHybrid(page.subarray(at + 1), page[at] as number, values, true);
};

const tooShort = (): Error => new Error("a page ends within its levels");

/** Runs of `bits` wide values, until there are `values` of them; with `mayEnd` the bytes may end before, as nulls have no value. */
export const checkHybrid = (bytes: Uint8Array, bits: number, values: number, mayEnd = false): void => {
  for (let at = 0, seen = 0; seen < values; ) {
    let header = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++];
      if (byte === undefined) {
        if (mayEnd) return;
        throw tooShort();
      }
      header += (byte & 0x7f) * 2 ** shift;
      if (byte < 128) break;
    }
    const isPacked = header % 2 === 1;
    const run = Math.floor(header / 2) * (isPacked ? 8 : 1);
    // packed values come in eights, the last of which may be padding; some writers pad to blocks of 64
    if (run > values - seen + (isPacked ? 512 : 0))
      throw new Error(`a run of ${run.toLocaleString("en")} values in a page of ${values.toLocaleString("en")}`);
    at += isPacked ? (run * bits) / 8 : Math.ceil(bits / 8);
    seen += run;
    if (run === 0 && mayEnd && at >= bytes.length) return;
  }
};
