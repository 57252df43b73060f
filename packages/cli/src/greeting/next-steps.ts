/** What somebody who typed `precipice` alone would want to do next, from what is there. */
export interface Situation {
  /** Pipeline files, relative to the working folder. */
  readonly pipelines: ReadonlyArray<string>;
  /** The newest run here. */
  readonly run?: {
    readonly status: string;
    /** Its pipeline file, as `run` takes it. */
    readonly file: string;
    /** Its report, relative to the working folder, where it has one. */
    readonly report?: string;
  };
}

export interface Step {
  readonly command: string;
  readonly does: string;
}

/** Where one stands, in one line, and up to three steps from there. */
export function nextSteps({ pipelines, run }: Situation): {
  readonly now: string;
  readonly steps: ReadonlyArray<Step>;
} {
  const file = pipelines.find((path) => /\bquickstart\./.test(path)) ?? pipelines[0];
  if (run !== undefined && run.status === "ok") {
    const steps = [{ command: "precipice show latest", does: "its nodes and metrics" }];
    if (run.report !== undefined) steps.push({ command: run.report, does: "its report: open it in a browser" });
    steps.push({ command: `precipice run ${quoted(run.file)}`, does: "again; only what changed is computed" });
    return { now: `The last run, of ${run.file}, went well.`, steps };
  }
  if (run !== undefined && run.status === "running") {
    return { now: `${run.file} is running.`, steps: [{ command: "precipice runs", does: "what runs and ran here" }] };
  }
  if (run !== undefined) {
    const steps = [
      { command: "precipice show latest", does: "what happened" },
      { command: `precipice run ${quoted(run.file)}`, does: "goes on where it stopped" },
    ];
    return { now: `The last run, of ${run.file}, ended as ${run.status}.`, steps };
  }
  if (file !== undefined) {
    const steps = [
      { command: `precipice plan ${quoted(file)}`, does: "what would run, and why" },
      { command: `precipice run ${quoted(file)}`, does: "run it" },
    ];
    const count = pipelines.length === 1 ? "is a pipeline" : `are ${pipelines.length} pipelines`;
    return { now: `There ${count} here, and no run yet.`, steps };
  }
  const steps = [
    { command: "precipice doctor", does: "is all there that is needed?" },
    { command: "precipice new pipeline study", does: "a commented pipeline on the embedded model" },
    { command: "precipice run study.yaml", does: "run it" },
  ];
  return { now: "There is no pipeline here yet.", steps };
}

/** For a shell. */
const quoted = (path: string): string => (/^[\w./:@%+=,-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`);
