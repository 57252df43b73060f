/**
 * The API of each package from its docstrings, one Markdown page per package: what its `exports` give, with the declarations
 * that TypeScript itself emits. TypeScript 7 has no generator of such pages (typedoc 0.28 needs 5 or 6), but an API to read
 * declarations by. Written by `npm run docs:build` for the site only: a changed docstring is no reason for a commit of its page.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { API, type Checker, type Project, type Symbol, SymbolFlags } from "typescript/unstable/sync";
import { root } from "./pages.ts";

interface Manifest {
  readonly name: string;
  readonly description: string;
  readonly exports?: Readonly<Record<string, unknown>>;
}

/** What an entry of `exports` names in this repository; conditions may stand around it. */
function sourceOf(target: unknown): string | undefined {
  if (typeof target === "string") return target.endsWith(".ts") && !target.endsWith(".d.ts") ? target : undefined;
  return typeof target === "object" && target !== null
    ? Object.values(target)
        .map(sourceOf)
        .find((found) => found !== undefined)
    : undefined;
}

/** Longer declarations are cut: an inferred type of a hundred fields tells a reader nothing. */
const longest = 1600;

/** Emits `.d.ts` files of all packages into `folder`, with a tsconfig.json over them. */
function emitDeclarations(folder: string): void {
  const config = {
    extends: join(root, "tsconfig.json"),
    compilerOptions: {
      noEmit: false,
      declaration: true,
      emitDeclarationOnly: true,
      noCheck: true,
      rootDir: root,
      outDir: folder,
      typeRoots: [join(root, "node_modules/@types")],
    },
    include: [join(root, "packages/*/src/**/*.ts")],
    exclude: [
      join(root, "packages/*/src/**/*.test.ts"),
      join(root, "packages/*/src/browser"),
      join(root, "node_modules"),
    ],
  };
  writeFileSync(join(folder, "emit.json"), JSON.stringify(config));
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  spawnSync(process.execPath, [tsc, "-p", join(folder, "emit.json")], { encoding: "utf8" });
  const read = {
    extends: join(root, "tsconfig.json"),
    include: [join(folder, "packages/*/src/**/*.d.ts")],
    exclude: [],
  };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(read));
}

/** Stages and artifact kinds are described by their Schemas on pages of their own; here only what they are. */
const shortened = (text: string): string =>
  text
    .replace(/^(const \w+: (?:[\w.]*\bStage|import\([^)]*\)\.[\w.]*Stage))<[\s\S]*$/, "$1<…> // see Stages")
    .replace(/^(const \w+: (?:import\([^)]*\)\.)?[\w.]*\bKind<"[a-z-]+"), [\s\S]*$/, "$1, …> // see Artifacts");

interface Item {
  readonly name: string;
  readonly symbol: Symbol;
}

class Reader {
  readonly checker: Checker;
  readonly project: Project;
  readonly folder: string;

  constructor(project: Project, folder: string) {
    this.project = project;
    this.checker = project.checker;
    this.folder = folder;
  }

  /** What a module exports, aliases followed, in the order of its text. */
  exportsOf(module: Symbol): ReadonlyArray<Item> {
    return this.checker
      .getExportsOfModule(module)
      .map((symbol) => ({ name: symbol.name, symbol: this.#target(symbol) }));
  }

  moduleAt(file: string): Symbol {
    const source = this.project.program.getSourceFile(file);
    const module = source === undefined ? undefined : this.checker.getSymbolAtLocation(source);
    if (module === undefined) throw new Error(`${file} is no module: were declarations emitted?`);
    return module;
  }

  #target(symbol: Symbol): Symbol {
    return symbol.flags & SymbolFlags.Alias ? this.checker.getAliasedSymbol(symbol) : symbol;
  }

  /** Heading, declarations, docstring and source of one export; of a namespace also what it holds. */
  section({ name, symbol }: Item, prefix = "", level = 2): ReadonlyArray<string> {
    const heading = `${"#".repeat(level)} ${prefix}${name}`;
    if (symbol.flags & SymbolFlags.ValueModule) {
      const items = this.exportsOf(symbol);
      return [heading, "", "A namespace:", "", ...items.flatMap((item) => this.section(item, `${name}.`, level + 1))];
    }
    const declarations = (symbol.declarations ?? []).flatMap((handle) => handle.resolve(this.project) ?? []);
    const texts = declarations.map((node) => {
      const text = node
        .getText()
        .replace(/^export /, "")
        .replace(/^declare /, "");
      const whole = /^(?:abstract |async )?(?:function|class|interface|type|const|enum)\b/.test(text)
        ? text
        : `const ${text}`;
      const open = shortened(whole).replace(/^ {4}(?:#private|private [^\n]*);\n/gm, "");
      return open.length <= longest ? open : `${open.slice(0, longest).replace(/\n[^\n]*$/, "")}\n…`;
    });
    const [first] = declarations;
    const path =
      first === undefined ? "" : relative(this.folder, first.getSourceFile().fileName).replace(/\.d\.ts$/, ".ts");
    return [
      heading,
      "",
      "```ts",
      ...new Set(texts),
      "```",
      "",
      ...this.#doc(symbol),
      ...(path.startsWith("packages/") ? [`Source: [${path}](../../${path})`, ""] : []),
    ];
  }

  #doc(symbol: Symbol): ReadonlyArray<string> {
    const text = symbol.getDocumentationComment(this.checker).trim();
    const tags = symbol.getJsDocTags(this.checker).map(({ name, text: said }) => {
      const body = (said ?? "").trim();
      if (name === "example") return `Example:\n\n${body}`;
      return `**${name === "throws" ? "Throws" : name}** ${body}`;
    });
    return [text, ...tags].filter((part) => part !== "").flatMap((part) => [part, ""]);
  }
}

/** Page by path, for every package. */
export function apiPages(): ReadonlyMap<string, string> {
  const folder = mkdtempSync(join(tmpdir(), "precipice-api-"));
  const api = new API({ cwd: root });
  try {
    emitDeclarations(folder);
    const snapshot = api.updateSnapshot({ openProjects: [join(folder, "tsconfig.json")] });
    const project = snapshot.getProject(join(folder, "tsconfig.json"));
    if (project === undefined) throw new Error("the emitted declarations are no project");
    const reader = new Reader(project, folder);
    return new Map(
      readdirSync(join(root, "packages"))
        .sort()
        .map((name) => [`docs/api/${name}.md`, pageOf(reader, name)]),
    );
  } finally {
    api.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

function pageOf(reader: Reader, name: string): string {
  const manifest = JSON.parse(readFileSync(join(root, "packages", name, "package.json"), "utf8")) as Manifest;
  const entries = Object.entries(manifest.exports ?? {}).flatMap(([entry, target]) => {
    const source = sourceOf(target);
    return source === undefined ? [] : [[entry, source] as const];
  });
  return [
    `# API of ${manifest.name}`,
    "",
    `${manifest.description}. What it is for and ten lines that use it are in [its README](../../packages/${name}/README.md).`,
    "",
    ...entries.flatMap(([entry, target]) => {
      const file = join(reader.folder, "packages", name, target.replace(/\.ts$/, ".d.ts"));
      const items = reader.exportsOf(reader.moduleAt(file));
      const from = entry === "." ? [] : [`From \`${manifest.name}${entry.slice(1)}\`:`, ""];
      return [...from, ...items.flatMap((item) => reader.section(item))];
    }),
  ].join("\n");
}
