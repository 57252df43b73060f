/** RFC 4180 CSV with a header line, quoted fields that span lines, and either line ending. */

/** Rows by column name. Throws an Error when a wanted column is missing or a quote never closes. */
export const parseCsv = (text: string, wanted: readonly string[]): Record<string, string>[] => {
  const records: string[][] = [[]];
  let field = "";
  let quoted = false;
  const body = text.replace(/^\ufeff/u, "");
  const endField = () => {
    (records.at(-1) as string[]).push(field);
    field = "";
  };
  for (let i = 0; i < body.length; i++) {
    const char = body[i] as string;
    if (quoted) {
      if (char !== '"') field += char;
      else if (body[i + 1] === '"') {
        field += '"';
        i++;
      } else quoted = false;
    } else if (char === '"' && field === "") quoted = true;
    else if (char === ",") endField();
    else if (char === "\n") {
      endField();
      records.push([]);
    } else if (char !== "\r" || body[i + 1] !== "\n") field += char;
  }
  if (quoted) throw new Error("a quoted field never ends");
  endField();
  const [header = [], ...rows] = records.filter((record) => record.length > 1 || record[0] !== "");
  for (const column of wanted) {
    if (!header.includes(column)) throw new Error(`no column "${column}" among: ${header.join(", ")}`);
  }
  return rows.map((record) => Object.fromEntries(header.map((column, i) => [column, record[i] ?? ""])));
};
