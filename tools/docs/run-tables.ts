/** The results of a run by node: its tables as rows, its metrics, its figures. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { asyncBufferFromFile, parquetReadObjects } from "hyparquet";

interface RunRecord {
  readonly id?: string;
  readonly pipeline: string;
  readonly status: string;
  readonly nodes: ReadonlyArray<{
    readonly node: string;
    readonly outputs?: Readonly<Record<string, { readonly kind: string; readonly path: string }>>;
  }>;
}

export interface Measured {
  readonly value: number;
  readonly ci95?: readonly [number, number];
  readonly n?: number;
}

export class RunTables {
  readonly #root: string;
  readonly #record: RunRecord;
  readonly metrics: Readonly<Record<string, Measured>>;

  /** `root` holds `.precipice` and `runs`. @throws Error unless its latest run is a whole one of `pipeline`. */
  constructor(root: string, pipeline: string) {
    this.#root = root;
    const read = (file: string) => JSON.parse(readFileSync(join(root, "runs/latest", file), "utf8"));
    this.#record = read("run.json") as RunRecord;
    if (this.#record.pipeline !== pipeline || this.#record.status !== "ok")
      throw new Error(`the latest run is not a whole one of ${pipeline}: npm run ${pipeline}`);
    this.metrics = (read("summary.json") as { readonly metrics: Readonly<Record<string, Measured>> }).metrics;
  }

  async rows<Row>(node: string, kind: string, table: string): Promise<ReadonlyArray<Row>> {
    const outputs = this.#record.nodes.find((own) => own.node === node)?.outputs ?? {};
    const output = Object.values(outputs).find((own) => own.kind === kind);
    if (output === undefined) throw new Error(`node ${node} of the run has no ${kind}`);
    const file = await asyncBufferFromFile(join(this.#root, output.path, `${table}.parquet`));
    return (await parquetReadObjects({ file })) as Row[];
  }

  figure(name: string): string {
    return readFileSync(join(this.#root, "runs/latest/figures", `${name}.svg`), "utf8");
  }
}
