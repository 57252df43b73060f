/** The two layouts most trainers read, as JSON lines and as Parquet. */
import type { TrainingSetRow } from "@precipice/artifacts";
import { parquetWriteBuffer } from "hyparquet-writer";

/** Columns that a trainer ignores and a reader wants: where a row is from and why it was taken. */
const known = ({ id, role, rank, score, reason }: TrainingSetRow) => ({ id, role, rank, score, reason });

const alpacaRow = (row: TrainingSetRow) => ({
  instruction: row.prompt,
  input: "",
  output: row.completion,
  ...known(row),
});

const chatRow = (row: TrainingSetRow) => ({
  messages: [
    { role: "user", content: row.prompt },
    { role: "assistant", content: row.completion },
  ],
  ...known(row),
});

const jsonLines = (rows: ReadonlyArray<object>): Uint8Array =>
  new TextEncoder().encode(rows.map((row) => `${JSON.stringify(row)}\n`).join(""));

const text = (name: string) => ({
  name,
  type: "BYTE_ARRAY" as const,
  converted_type: "UTF8" as const,
  repetition_type: "REQUIRED" as const,
});

const knownSchema = [
  text("id"),
  text("role"),
  { name: "rank", type: "INT32" as const, repetition_type: "OPTIONAL" as const },
  { name: "score", type: "DOUBLE" as const, repetition_type: "OPTIONAL" as const },
  text("reason"),
];

const parquet = (
  rows: ReadonlyArray<Record<string, unknown>>,
  names: ReadonlyArray<string>,
  schema: ReadonlyArray<object>,
): Uint8Array =>
  new Uint8Array(
    parquetWriteBuffer({
      columnData: [...names, ...knownSchema.map(({ name }) => name)].map((name) => ({
        name,
        data: rows.map((row) => row[name]),
      })),
      schema: [{ name: "root", num_children: names.length + knownSchema.length }, ...schema, ...knownSchema] as never,
      createdBy: "precipice",
    }),
  );

/** File contents by name. */
export const trainingFiles = (rows: ReadonlyArray<TrainingSetRow>): Readonly<Record<string, Uint8Array>> => {
  const [alpaca, chat] = [rows.map(alpacaRow), rows.map(chatRow)];
  const columns = ["instruction", "input", "output"];
  return {
    "selection.alpaca.jsonl": jsonLines(alpaca),
    "selection.alpaca.parquet": parquet(alpaca, columns, columns.map(text)),
    "selection.chat.jsonl": jsonLines(chat),
    "selection.chat.parquet": parquet(
      chat,
      ["messages"],
      [
        { name: "messages", repetition_type: "REQUIRED", converted_type: "LIST", num_children: 1 },
        { name: "list", repetition_type: "REPEATED", num_children: 1 },
        { name: "element", repetition_type: "REQUIRED", num_children: 2 },
        text("role"),
        text("content"),
      ],
    ),
  };
};
