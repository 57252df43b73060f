/** The page: one prompt, two runs of it (as the model is, and without the heads that are off), and everything that shows them. */
import { startTips } from "../../../report/src/browser/tips.ts";
import type { EngineName, PageData, PageFiles } from "../page-data.ts";
import { PromptText } from "../prompt-text.ts";
import { Composer, FIRST_PROMPT } from "./composer.ts";
import { HeadMap } from "./head-map.ts";
import { ModelClient } from "./model-client.ts";
import { Player } from "./player.ts";
import { Run } from "./run.ts";
import { ScoreChart, type Series } from "./score-chart.ts";
import { formatState, parseState, type State } from "./state.ts";
import { TracePane } from "./trace-pane.ts";
import { headCount, verdict } from "./verdict.ts";

const element = <E extends HTMLElement>(id: string): E => document.getElementById(id) as E;
/** As many as were tuned in organism://cliff, and 3 % of its heads. */
const FEW = 4;
/** Runs kept for coming back to. */
const KEPT = 40;

const tellProblem = (problem: string): void => {
  const box = element("problem");
  box.textContent = `${problem}.`;
  box.hidden = false;
};

/** Nothing on the page can work. */
const giveUp = (problem: string): void => {
  document.body.classList.add("unusable");
  tellProblem(problem);
};

const start = async (): Promise<void> => {
  if (location.protocol === "file:")
    return giveUp(
      "A page opened as a file may load nothing: serve its folder, for instance with npx nx run playground:serve",
    );
  const files = JSON.parse(document.body.dataset["files"] ?? "") as PageFiles;
  const wanted: EngineName = /[#&]engine=webgpu\b/.test(location.hash) && "gpu" in navigator ? "webgpu" : "wasm";
  let page: Page | undefined;
  const open = (engine: EngineName): ModelClient =>
    new ModelClient(files.engines[engine], files.program, (problem) => {
      const told = `The model could not be loaded: ${problem}`;
      if (engine === "wasm") return giveUp(told);
      tellProblem(told);
      page?.useCpu();
    });
  const client = open(wanted); // the largest files first
  const response = await fetch(files.data);
  if (!response.ok) return giveUp(`${files.data} answered ${response.status}: publish the whole folder`);
  page = new Page((await response.json()) as PageData, client, open, wanted);
};

class Page {
  readonly #data: PageData;
  readonly #text: PromptText;
  readonly #open: (engine: EngineName) => ModelClient;
  #client: ModelClient;
  #state: State;
  #runs = new Map<string, Run>();
  readonly #composer: Composer;
  readonly #map: HeadMap;
  readonly #chart: ScoreChart;
  readonly #player = new Player(() => this.#draw());
  readonly #base: TracePane;
  readonly #edited: TracePane;
  #told = "";

  constructor(data: PageData, client: ModelClient, open: (engine: EngineName) => ModelClient, engine: EngineName) {
    this.#data = data;
    this.#client = client;
    this.#open = open;
    this.#text = new PromptText(data.text);
    this.#state = { prompt: FIRST_PROMPT, off: [], engine };
    const onToken = (token: number | null) => this.#mark(token);
    this.#base = new TracePane("base", "As it is", { onToken });
    this.#edited = new TracePane("edited", "", { onToken });
    element("sides").append(this.#base.element, this.#edited.element);
    this.#chart = new ScoreChart(element("chart"), onToken);
    this.#map = new HeadMap(element("map"), data, (head) => this.#toggle(head));
    this.#composer = new Composer(this.#text, (prompt) => this.#go({ ...this.#state, prompt }));
    this.#listen();
    startTips();
    if ("gpu" in navigator) {
      // the CPU stays the default: it is faster for a model this small
      const option = element<HTMLSelectElement>("engine").options[1] as HTMLOptionElement;
      option.disabled = false;
      option.textContent = "GPU (WebGPU)";
    }
    this.#follow(true);
  }

  /** The graphics card turned out not to be usable. */
  useCpu(): void {
    if (this.#state.engine !== "wasm") this.#go({ ...this.#state, engine: "wasm" });
  }

  #listen(): void {
    addEventListener("hashchange", () => this.#follow(false));
    const ranked = this.#data.heads.map((_, i) => i).sort((a, b) => this.#rank(a) - this.#rank(b));
    const top = ranked.slice(0, FEW);
    element("off-top").addEventListener("click", () => this.#switchOff(top));
    element("off-random").addEventListener("click", () => {
      const others = ranked.slice(FEW);
      const drawn = Array.from(
        { length: FEW },
        () => others.splice(Math.floor(Math.random() * others.length), 1)[0] ?? 0,
      );
      this.#switchOff(drawn);
    });
    element("all-on").addEventListener("click", () => this.#switchOff([]));
    for (const input of document.querySelectorAll("input[name=colours]"))
      input.addEventListener("change", () => this.#colour());
    element("share").addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(location.href);
        element("shared").textContent = "Copied.";
      } catch {
        element("shared").textContent = "Not allowed here: copy the address above.";
      }
    });
    element<HTMLSelectElement>("engine").addEventListener("change", ({ target }) =>
      this.#go({ ...this.#state, engine: (target as HTMLSelectElement).value as EngineName }),
    );
  }

  /** Goes where the address says. */
  #follow(first: boolean): void {
    const state = parseState(location.hash, this.#data.model, this.#state);
    this.#go({ ...state, engine: "gpu" in navigator ? state.engine : "wasm" }, first);
  }

  #go(state: State, first = false): void {
    const { engine } = this.#state;
    this.#state = state;
    const hash = formatState(state, this.#data.model);
    // a page that was opened without a state keeps its plain address until something is asked
    if (location.hash !== hash && !(first && location.hash === "")) history.replaceState(null, "", hash);
    if (engine !== state.engine) {
      this.#client.close();
      this.#client = this.#open(state.engine);
      this.#runs.clear();
    }
    this.#composer.show(state.prompt);
    element<HTMLSelectElement>("engine").value = state.engine;
    element("shared").textContent = "";
    this.#colour();
    element("verdict").dataset["state"] = "running";
    this.#player.watch(this.#current());
  }

  #toggle(head: number): void {
    const { off } = this.#state;
    this.#switchOff(off.includes(head) ? off.filter((h) => h !== head) : [...off, head]);
  }

  #switchOff(off: ReadonlyArray<number>): void {
    this.#go({ ...this.#state, off: off.toSorted((a, b) => a - b) });
  }

  /** The run as the model is, and the one without the heads that are off. */
  #current(): ReadonlyArray<Run> {
    const { prompt, off } = this.#state;
    return off.length === 0 ? [this.#run(prompt, [])] : [this.#run(prompt, []), this.#run(prompt, off)];
  }

  #run(prompt: string, off: ReadonlyArray<number>): Run {
    const key = `${off.join(",")} ${prompt}`;
    const known = this.#runs.get(key);
    if (known !== undefined) return known;
    const ids = this.#text.promptIds(prompt);
    const run = new Run(this.#text, prompt, ids.length, off);
    this.#runs.set(key, run);
    for (const old of [...this.#runs.keys()].slice(0, Math.max(0, this.#runs.size - KEPT))) this.#runs.delete(old);
    const { layers, heads } = this.#data.model;
    const headScale = new Float32Array(layers * heads).fill(1);
    for (const head of off) headScale[head] = 0;
    this.#client.ask(this.#data, ids, headScale, {
      onRead: (read) => run.read(read),
      onDone: (ms) => {
        run.status = "done";
        run.ms = ms;
      },
      onFailed: (problem) => {
        run.status = "failed";
        run.problem = `The model failed: ${problem}.`;
      },
    });
    return run;
  }

  #draw(): void {
    const [base, edited] = this.#current() as [Run, Run | undefined];
    const count = this.#state.off.length;
    const without = `without ${count} ${count === 1 ? "head" : "heads"}`;
    this.#base.show(base, "As it is", "all heads on");
    if (edited === undefined)
      this.#edited.empty(
        "Without some heads",
        "Switch heads off in the map, and the same request runs again here without them.",
      );
    else this.#edited.show(edited, `W${without.slice(1)}`, this.#names(edited.off));
    const series: Series[] = [{ run: base, name: "as it is", tone: "suppress" }];
    if (edited !== undefined) series.push({ run: edited, name: without, tone: "refusal" });
    this.#chart.show(series);
    if (base.shown > base.promptLength && performance.getEntriesByName("first token").length === 0)
      performance.mark("first token");
    this.#tell(base, edited);
  }

  #tell(base: Run, edited: Run | undefined): void {
    const failed = [base, edited].find((run) => run?.status === "failed");
    const sentence = failed === undefined ? verdict(base, edited) : [failed.problem];
    const parts = sentence ?? [this.#waiting(base, edited)];
    const text = parts.map((part) => (typeof part === "string" ? part : part.textContent)).join("");
    const box = element("verdict");
    box.dataset["state"] = sentence === undefined ? "running" : "done";
    if (text === this.#told) return;
    this.#told = text;
    box.replaceChildren(...parts);
    if (sentence === undefined) return;
    element("news").textContent = text;
    this.#colour();
    const done = [base, ...(edited === undefined ? [] : [edited])].filter((run) => run.ms > 0);
    const tokens = done.reduce((sum, run) => sum + run.newTokens, 0);
    const seconds = done.reduce((sum, run) => sum + run.ms, 0) / 1000;
    if (seconds > 0)
      element("speed").textContent = `${Math.round(tokens / seconds)} tokens a second; shown slower, to be read.`;
  }

  #waiting(base: Run, edited: Run | undefined): string {
    if (base.tokens.length === 0) return "Loading the model…";
    return edited === undefined || base.outcome === undefined
      ? "It thinks…"
      : `It thinks again, without ${headCount(edited.off.length)}…`;
  }

  #rank(head: number): number {
    return this.#data.heads[head]?.rank ?? Number.POSITIVE_INFINITY;
  }

  #names(off: ReadonlyArray<number>): string {
    const { heads } = this.#data.model;
    const names = off.slice(0, 8).map((i) => `(${Math.floor(i / heads)},${i % heads})`);
    return `${names.join(" ")}${off.length > 8 ? ` and ${off.length - 8} more` : ""} off`;
  }

  /** Colours and crosses of the map. */
  #colour(): void {
    const { off, prompt } = this.#state;
    const chosen = document.querySelector<HTMLInputElement>("input[name=colours]:checked")?.value;
    const own = chosen === "prompt" ? this.#runs.get(` ${prompt}`)?.outcome?.contributions : undefined;
    const values = own ?? this.#data.heads.map(({ contribution }) => contribution);
    this.#map.show(
      values,
      own === undefined ? `mean of ${this.#data.study.traces} jailbreaks` : "this answer, as it is",
      off,
    );
    element("heads-off").textContent = off.length === 0 ? "all on" : `${off.length} of ${values.length} off`;
    element<HTMLButtonElement>("all-on").disabled = off.length === 0;
  }

  #mark(token: number | null): void {
    this.#chart.mark(token);
    this.#base.mark(token);
    this.#edited.mark(token);
  }
}

start().catch((error: unknown) => giveUp(error instanceof Error ? error.message : String(error)));
