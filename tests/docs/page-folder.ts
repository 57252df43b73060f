/** Test support only: a folder in which a page's blocks run as in a fresh clone, and what runs them there. */
import { spawn } from "node:child_process";
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { root } from "../../tools/docs/pages.ts";

export interface Printed {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * `npx NAME` is NAME: npm's own start-up takes as long as ours. Of npm only the test script of a package is run: anything else
 * would reach the registry, or the node_modules that the folder shares with the checkout. For blocks that start a server,
 * `serving SERVER CLIENT` runs a client with the $URL that the server tells as JSON, and ends the server; `get URL` is a client.
 */
const prelude = `npx() { "$@"; }
get() { node -e 'fetch(process.argv[1]).then(async (reply) => { console.log(await reply.text()); process.exit(reply.ok ? 0 : 1); })' "$1"; }
serving() {
  local said server code=0
  said=$(mktemp)
  $1 > "$said" &
  server=$!
  until [ -s "$said" ]; do kill -0 "$server" || return 1; sleep 0.1; done
  URL=$(node -p 'JSON.parse(fs.readFileSync(process.argv[1], "utf8")).url' "$said")
  export URL
  eval "$2" || code=$?
  kill -TERM "$server"
  wait "$server" || true
  return "$code"
}
npm() { if [ "$*" = test ]; then command npm test; else echo "npm $* is not run by this test: reduce the block" >&2; return 1; fi; }`;

/** Like a clone: what is only read is linked; what runs write (.precipice, runs) is the folder's own. */
export class PageFolder {
  readonly path = mkdtempSync(join(tmpdir(), "precipice-docs-"));
  readonly #env: NodeJS.ProcessEnv;
  /** Where the last command left the reader's terminal. */
  #at: string;

  constructor(env: NodeJS.ProcessEnv = {}) {
    for (const name of ["packages", "node_modules", "tests"]) symlinkSync(join(root, name), join(this.path, name));
    for (const name of ["pipelines", "examples"]) cpSync(join(root, name), join(this.path, name), { recursive: true });
    // Without the scripts: `npm run …` works on the real checkout, and must be reduced.
    writeFileSync(join(this.path, "package.json"), '{ "private": true, "workspaces": [] }');
    this.#at = this.path;
    this.#env = {
      ...process.env,
      PATH: [join(root, "node_modules/.bin"), process.env["PATH"]].join(delimiter),
      NO_COLOR: "1",
      NODE_COMPILE_CACHE: join(tmpdir(), "precipice-test-cache/node"), // halves the start-up of the forty commands
      COLUMNS: "120",
      HF_HOME: join(this.path, ".hub"),
      npm_config_offline: "true", // nothing may be installed
      ...env,
    };
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }

  write(file: string, text: string): void {
    mkdirSync(dirname(join(this.path, file)), { recursive: true });
    writeFileSync(join(this.path, file), text);
  }

  append(file: string, text: string): void {
    appendFileSync(join(this.path, file), text);
  }

  /** Commands of a block, in bash, in the folder where the block before left it. */
  async shell(commands: string): Promise<Printed> {
    const place = join(this.path, ".at");
    const printed = await this.#start("bash", ["-euo", "pipefail", "-c", `${prelude}\n${commands}\npwd > '${place}'`]);
    if (printed.code === 0) this.#at = readFileSync(place, "utf8").trim();
    return printed;
  }

  typescript(code: string): Promise<Printed> {
    return this.#start(process.execPath, ["--input-type=module-typescript", "-e", code]);
  }

  precipice(...args: ReadonlyArray<string>): Promise<Printed> {
    return this.#start("precipice", args);
  }

  async query(sql: string): Promise<number> {
    const instance = await DuckDBInstance.create(":memory:");
    const connection = await instance.connect();
    try {
      const absolute = sql.replaceAll("'.precipice/", `'${this.path}/.precipice/`);
      return (await connection.runAndReadAll(absolute)).currentRowCount;
    } finally {
      connection.closeSync();
      instance.closeSync();
    }
  }

  #start(program: string, args: ReadonlyArray<string>): Promise<Printed> {
    const child = spawn(program, args, {
      cwd: this.#at,
      env: this.#env,
      stdio: ["ignore", "pipe", "pipe"],
      timeout: 600_000,
    });
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (chunk) => (stdout += chunk));
    child.stderr.on("data", (chunk) => (stderr += chunk));
    return new Promise((resolve, reject) => {
      child.on("error", reject);
      child.on("close", (code) => resolve({ code, stdout, stderr }));
    });
  }
}

/** Whether `printed` is what a page shows, but for the width of columns; a `…` of the page stands for any text, also for lines. */
export function isShown(shown: string, printed: string): boolean {
  const trimmed = (text: string) =>
    text
      .replace(/[ \t]+/g, " ")
      .replace(/ $/gm, "")
      .replaceAll("─", "")
      .trim();
  const pattern = trimmed(shown)
    .split("…")
    .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"))
    .join("[^]*?");
  return new RegExp(`^${pattern}$`).test(trimmed(printed));
}
