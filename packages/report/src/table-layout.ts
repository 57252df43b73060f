/**
 * What a table of results looks like, as a user writes it: columns, rows, and for each cell the metric it shows, a value from
 * elsewhere (a paper's) or text. A column says what its cells show with `{names}` that each row fills in, so that a
 * table over models or seeds is a line per row; a row may say otherwise for any of its cells.
 */
import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";

const text = (description: string) => Schema.String.annotate({ description });
const texts = (description: string) =>
  Schema.Array(Schema.String)
    .annotate({ description })
    .pipe(Schema.withDecodingDefaultKey(Effect.succeed([])));

const MetricName = Schema.Union([
  Schema.String,
  Schema.Struct({
    key: text("Key of the metric, without the matrix values that a run's summary adds"),
    node: text("Node that it comes from, such as study/rates or rates[model=cliff]"),
  }),
]);
export type MetricName = typeof MetricName.Type;

/** Score: two decimals. Percent: of a share. Count: whole. Number: three significant digits. */
export const cellFormats = ["score", "percent", "count", "number"] as const;
const Format = Schema.Literals(cellFormats).annotate({
  description: "score: two decimals; percent: a share times 100; count: whole; number: three significant digits",
});
export type CellFormat = typeof Format.Type;

const Cell = Schema.Struct({
  metric: Schema.optionalKey(MetricName.annotate({ description: "Metric to show, with its 95 % interval and n" })),
  reference: Schema.optionalKey(
    Schema.Union([Schema.String, Schema.Finite]).annotate({ description: "A value from elsewhere, to compare with" }),
  ),
  text: Schema.optionalKey(text("Text as it is")),
  below: Schema.optionalKey(Schema.Finite.annotate({ description: "Show yes or no instead: the value is below this" })),
  inside: Schema.optionalKey(
    MetricName.annotate({ description: "Show yes or no instead: the value lies within the interval of this metric" }),
  ),
  format: Schema.optionalKey(Format),
  optional: Schema.optionalKey(
    Schema.Boolean.annotate({
      description:
        "Show a dash where there is no such metric, such as a rate nothing was judged for; default: an error",
    }),
  ),
});
export type Cell = typeof Cell.Type;

const Column = Schema.Struct({
  name: text("What rows call it"),
  title: text("Heading"),
  format: Format.pipe(Schema.withDecodingDefaultKey(Effect.succeed("score" as const))),
  tally: Schema.Boolean.annotate({ description: "Add a last row that counts the yes of its cells" }).pipe(
    Schema.withDecodingDefaultKey(Effect.succeed(false)),
  ),
  cell: Schema.optionalKey(
    Cell.annotate({ description: "What its cells show; {name} stands for what the row has in `with`" }),
  ),
});

const Row = Schema.Struct({
  title: text("First cell of the row"),
  with: Schema.Record(Schema.String, Schema.Union([Schema.String, Schema.Finite]))
    .annotate({ description: "What {names} in the columns' metrics stand for" })
    .pipe(Schema.withDecodingDefaultKey(Effect.succeed({}))),
  cells: Schema.Record(Schema.String, Cell)
    .annotate({
      description:
        "Cells by column; what is not here is as the column says, or a dash where that has {names} and the row has no `with`",
    })
    .pipe(Schema.withDecodingDefaultKey(Effect.succeed({}))),
});

const Table = Schema.Struct({
  name: text("Name of the table in tables.json"),
  title: text("Heading"),
  text: Schema.optionalKey(text("A paragraph above the table")),
  head: text("Heading of the first column").pipe(Schema.withDecodingDefaultKey(Effect.succeed(""))),
  columns: Schema.NonEmptyArray(Column),
  rows: Schema.NonEmptyArray(Row),
  notes: texts("Notes below the table"),
});

/** Config of the stage `report.tables`. */
export const TableLayout = Schema.Struct({
  prefix: text("Counts of yes become the metrics {prefix}.{table}.{column}.yes").pipe(
    Schema.withDecodingDefaultKey(Effect.succeed("tables")),
  ),
  title: text("Heading of the page"),
  text: Schema.optionalKey(text("A paragraph below the heading")),
  tables: Schema.NonEmptyArray(Table).annotate({
    description: "Tables with name, title, columns and rows; a cell is a metric, a number of the reference or a text",
  }),
  notes: texts("Notes on all of it, at the end"),
});
export type TableLayout = typeof TableLayout.Type;
export type TableRow = typeof Row.Type;
export type TableColumn = typeof Column.Type;
