/** When a cell is the value a filter or a label table names. CSV knows text only, so what is compared is text, with three rules. */

/** A cell as text; a blank one is none. */
export const cellText = (value: unknown): string | null =>
  value === null || value === undefined || value === "" ? null : String(value);

/** `true`, `True` and `TRUE` are one. Other texts are as they are. */
export const booleanText = (text: string): string => (/^(?:true|false)$/i.test(text) ? text.toLowerCase() : text);

/** A number of JSON's form as its value, exactly: `1`, `1.0` and `10e-1` are one, `007` is no number but text. */
export const numberText = (text: string): string => {
  const found = /^(-?)(0|[1-9]\d*)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text);
  if (found === null) return text;
  const [, sign, whole = "", fraction = "", exponent = "0"] = found;
  const digits = (whole + fraction).replace(/^0+/, "");
  const kept = digits.replace(/0+$/, "");
  if (kept === "") return "0";
  return `${sign}${kept}e${Number(exponent) - fraction.length + (digits.length - kept.length)}`;
};

/** Numbers and booleans as values: 1 is true and 0 is false, as where a program wrote a column of booleans with gaps as floats. */
const plainText = (text: string): string => {
  const value = booleanText(text);
  return value === "true" ? numberText("1") : value === "false" ? numberText("0") : numberText(text);
};

/**
 * Whether a cell is `wanted`. A number or a boolean is compared by value: `1`, `1.0`, `true` and `True` are one. Text is compared as it
 * stands, but for `true` and `false` in any case. Null and `""` are a blank cell.
 */
export const sameAs = (wanted: string | number | boolean | null): ((cell: unknown) => boolean) => {
  const text = cellText(wanted);
  if (text === null) return (cell) => cellText(cell) === null;
  const normal = typeof wanted === "string" ? booleanText : plainText;
  const target = normal(text);
  return (cell) => {
    const own = cellText(cell);
    return own !== null && (own === text || normal(own) === target);
  };
};

/** The key of a table that a cell's text means: as it stands, else as a boolean, else by value. */
export const keyFor = (text: string, keys: ReadonlyArray<string>): string | undefined => {
  for (const normal of [(one: string) => one, booleanText, plainText]) {
    const target = normal(text);
    const key = keys.find((one) => normal(one) === target);
    if (key !== undefined) return key;
  }
  return undefined;
};
