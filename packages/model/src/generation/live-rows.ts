/**
 * Rows that come and go while others are written, inside a worker. Rows with the same interventions share a lane; each lane has
 * a turn in each turn of the whole, so that none waits for another to end. All lanes live in one budget for keys and values: one
 * that finds no room stops the others from taking in new rows until there is some.
 */
import type { HostTensors } from "@precipice/onnx";
import { type Interventions, type Lane, type LoopModel, openLane } from "./lane.ts";
import { needsRegions } from "./loop.ts";
import type { GeneratedRow, GenerationOptions, GenerationRow } from "./request.ts";
import { rowMaker } from "./row.ts";

export interface LiveRow extends GenerationRow {
  readonly index: number;
  readonly options: GenerationOptions;
  /** Rows with the same lane run together; they have the same interventions. */
  readonly lane: string;
  readonly interventions: Omit<Interventions, "adapter">;
  /** Name of an adapter that was opened with the program. */
  readonly adapter: string | undefined;
}

/** What happened in a turn. */
export interface LiveNews {
  readonly tokens: ReadonlyArray<readonly [index: number, id: number]>;
  readonly rows: ReadonlyArray<GeneratedRow>;
  readonly failed: ReadonlyArray<readonly [index: number, problem: string]>;
  /** Rows that wait or are written. */
  readonly left: number;
}

/** Key of the adapter that changes nothing. */
export const NO_ADAPTER = "";

export class LiveRows {
  readonly #model: LoopModel;
  readonly #adapters: ReadonlyMap<string, HostTensors>;
  readonly #lanes = new Map<string, Lane>();
  readonly #laneOf = new Map<number, string>();
  #news: { tokens: Array<readonly [number, number]>; rows: GeneratedRow[]; failed: Array<readonly [number, string]> } =
    {
      tokens: [],
      rows: [],
      failed: [],
    };
  /** The lane whose rows found no room in the last turn. */
  #starving: string | undefined;

  /** `adapters`: parameters by name, with those of `NO_ADAPTER` where the program has any for inputs. */
  constructor(model: LoopModel, adapters: ReadonlyMap<string, HostTensors>) {
    this.#model = model;
    this.#adapters = adapters;
  }

  /** Takes rows in and out, then lets every lane run once. */
  async turn(add: ReadonlyArray<LiveRow>, drop: ReadonlyArray<number>): Promise<LiveNews> {
    this.#news = { tokens: [], rows: [], failed: [] };
    for (const row of add) this.#add(row);
    for (const index of drop) this.#drop(index);
    const first = this.#starving;
    // whoever starves goes first
    const names = [...this.#lanes.keys()].sort((a, b) => Number(b === first) - Number(a === first));
    this.#starving = undefined;
    for (const name of names) {
      const lane = this.#lanes.get(name) as Lane;
      try {
        const ran = await lane.turn(this.#starving === undefined);
        if (!ran && lane.rows > 0) this.#starving ??= name;
      } catch (error) {
        this.#fail(name, error);
      }
      if (lane.rows === 0) this.#lanes.delete(name);
    }
    return { ...this.#news, left: this.#laneOf.size };
  }

  #add({ index, options, lane, interventions, adapter, ...row }: LiveRow): void {
    const { headScale, directionEdit } = interventions;
    const regions = needsRegions([headScale?.scope, directionEdit?.scope]);
    try {
      const made = rowMaker({ ...this.#model, options, regions })(row, index);
      const found = this.#lanes.get(lane) ?? this.#open(lane, { ...interventions, adapter: this.#parameters(adapter) });
      found.add([made]);
      this.#laneOf.set(index, lane);
    } catch (error) {
      this.#news.failed.push([index, problemOf(error)]);
    }
  }

  #parameters(name: string | undefined): HostTensors | undefined {
    const found = this.#adapters.get(name ?? NO_ADAPTER);
    if (found === undefined && name !== undefined) throw new Error(`there is no adapter "${name}"`);
    return found;
  }

  #open(name: string, interventions: Interventions): Lane {
    const others = () => [...this.#lanes].reduce((sum, [other, { bytes }]) => (other === name ? sum : sum + bytes), 0);
    const lane = openLane(
      this.#model,
      interventions,
      {
        checkpoint: () => {},
        onTokens: () => {},
        onToken: (index, id) => this.#news.tokens.push([index, id]),
        onRow: (row) => {
          this.#laneOf.delete(row.index);
          this.#news.rows.push(row);
        },
        onFailed: (index, error) => {
          this.#laneOf.delete(index);
          this.#news.failed.push([index, problemOf(error)]);
        },
      },
      () => this.#model.kvBytes - others(),
    );
    this.#lanes.set(name, lane);
    return lane;
  }

  #drop(index: number): void {
    const name = this.#laneOf.get(index);
    this.#laneOf.delete(index);
    if (name !== undefined) this.#lanes.get(name)?.drop(index);
  }

  /** A run of the program failed: what it was to write is lost, other lanes go on. */
  #fail(name: string, error: unknown): void {
    for (const [index, lane] of [...this.#laneOf]) {
      if (lane !== name) continue;
      this.#laneOf.delete(index);
      this.#news.failed.push([index, problemOf(error)]);
    }
    this.#lanes.delete(name);
  }
}

const problemOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
