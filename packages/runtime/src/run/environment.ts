/** Where a run happened: machine, versions, the code's commit. Names of variables that matter, never their values. */
import { execFile } from "node:child_process";
import { arch, cpus, platform, release, totalmem } from "node:os";

export interface Environment {
  readonly platform: string;
  /** Of the kernel. */
  readonly release: string;
  readonly cpu: string;
  readonly threads: number;
  readonly memoryBytes: number;
  /** Names of set environment variables that change how programs behave; values stay out, some are secrets. */
  readonly variables: ReadonlyArray<string>;
}

/** The commit the pipeline file was at; absent outside a git repository. */
export interface GitState {
  readonly commit: string;
  /** Tracked files differ from the commit. */
  readonly dirty: boolean;
}

const relevant = /^(PRECIPICE|HF|HUGGINGFACE|ORT|ONNXRUNTIME|OMP|OPENBLAS|MKL|CUDA|NVIDIA|NODE|UV|SLURM|TMPDIR)(_|$)/;

/** Set by the program that started this one, whatever the user has set. */
const ofLauncher = new Set(["PRECIPICE_LAUNCHER", "NODE_CHANNEL_FD", "NODE_CHANNEL_SERIALIZATION_MODE"]);

export function environment(): Environment {
  const all = cpus();
  return {
    platform: `${platform()}-${arch()}`,
    release: release(),
    cpu: all[0]?.model.trim() ?? "unknown",
    threads: all.length,
    memoryBytes: totalmem(),
    variables: Object.keys(process.env)
      .filter((name) => relevant.test(name) && !ofLauncher.has(name))
      .sort(),
  };
}

/** `undefined` where there is no git, no repository, or no commit yet. */
export async function gitState(folder: string): Promise<GitState | undefined> {
  const commit = (await git(folder, "rev-parse", "HEAD"))?.trim();
  // on a machine under load git was seen to end well and say nothing
  if (commit === undefined || commit === "") return undefined;
  const changes = await git(folder, "--no-optional-locks", "status", "--porcelain", "--untracked-files=no");
  return { commit, dirty: changes === undefined || changes.trim() !== "" };
}

const git = (cwd: string, ...args: ReadonlyArray<string>): Promise<string | undefined> =>
  new Promise((resolve) => {
    execFile("git", args, { cwd, timeout: 5000, windowsHide: true }, (error, stdout) => {
      resolve(error === null ? stdout : undefined);
    });
  });

/** Most memory this process ever held, in bytes. */
export const peakRssBytes = (): number => process.resourceUsage().maxRSS * 1024;
