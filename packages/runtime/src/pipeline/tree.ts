/** A pipeline file and the fragments it imports, read and parsed: every file with its own variables, defaults and inputs. */
import { dirname, isAbsolute, join, relative, resolve } from "node:path";
import * as Effect from "effect/Effect";
import { emptyMap, isNull, type Located, type LocatedMap, type Place } from "./located.ts";
import { suggestion } from "./nearest.ts";
import type { Report } from "./report.ts";
import { readSource } from "./source.ts";
import { Interpolation } from "./vars.ts";
import { parseYaml } from "./yaml.ts";

/** One file. A file imported twice is there twice, with other variables. */
export interface Document {
  /** `""` for the pipeline itself, `name/` for what it imports as `name`. */
  readonly namespace: string;
  readonly root: LocatedMap;
  /** Absolute folder of the file: relative paths in it start here. */
  readonly dir: string;
  readonly vars: Interpolation;
  /** Config defaults by stage id. */
  readonly defaults: LocatedMap;
  /** What a fragment takes from its importer: references in the importer's file. */
  readonly inputs: ReadonlyMap<string, ReadonlyArray<Located>>;
  readonly importer: Document | undefined;
}

export const rootKeys = [
  "version",
  "name",
  "description",
  "plugins",
  "vars",
  "concurrency",
  "defaults",
  "import",
  "inputs",
  "nodes",
];
const importKeys = ["file", "vars", "inputs"];
export const namePattern = /^[A-Za-z0-9][A-Za-z0-9_-]{0,149}$/;
/** More imported files than this come out of fragments that multiply each other. */
const maxImports = 256;

interface Opening {
  readonly namespace: string;
  readonly root: LocatedMap;
  /** As shown in messages. */
  readonly file: string;
  readonly importer: Document | undefined;
  readonly inputs: Document["inputs"];
  /** Absolute paths of the files that are being imported. */
  readonly open: ReadonlyArray<{ readonly path: string; readonly shown: string }>;
}

/** The document and, after it, everything it imports, in the order of the file. */
export const readTree = Effect.fn("readTree")(function* (root: LocatedMap, file: string, report: Report) {
  const documents: Array<Document> = [];
  const visit = Effect.fnUntraced(function* (opening: Opening): Effect.fn.Return<void> {
    const document = documentOf(opening, report);
    documents.push(document);
    const imports = opening.root.entries.get("import")?.value;
    if (imports === undefined || isNull(imports)) return;
    if (imports.type !== "map") {
      report.problem(
        "E_TYPE",
        "import must be a map of name: file",
        imports.at,
        "Write import: { probe: probe.yaml }.",
      );
      return;
    }
    for (const [name, { keyAt, value }] of imports.entries) {
      if (!namePattern.test(name)) report.problem("E_NAME", `"${name}" cannot name an import`, keyAt, nameRemedy);
      const wanted = importOf(name, document.vars.apply(value), report);
      if (wanted === undefined) continue;
      if (documents.length > maxImports) {
        const remedy = "Fragments that import fragments multiply: import less often.";
        report.problem("E_IMPORT_SIZE", `more than ${maxImports} imports`, keyAt, remedy);
        return;
      }
      const next = yield* openImport(name, wanted, document, opening, report);
      if (next !== undefined) yield* visit(next);
    }
  });
  const path = resolve(file);
  yield* visit({
    namespace: "",
    root,
    file,
    importer: undefined,
    inputs: new Map(),
    open: [{ path, shown: file }],
  });
  return documents;
});

export const nameRemedy = "Names are letters, digits, - and _, 150 at most.";

function documentOf({ namespace, root, file, importer, inputs }: Opening, report: Report): Document {
  report.unknownKeys(root, rootKeys, namespace === "" ? "a pipeline" : "a fragment");
  const version = root.entries.get("version")?.value;
  if (version?.type !== "scalar" || version.value !== 1) {
    report.problem("E_VERSION", "version must be 1", version?.at ?? root.at, "Start the file with: version: 1");
  }
  const vars = mapAt(root, "vars", "vars must be a map of name: value", report);
  return {
    namespace,
    root,
    dir: dirname(resolve(file)),
    vars: new Interpolation(vars, report.add),
    defaults: mapAt(root, "defaults", "defaults must be a map of stage: config", report) ?? emptyMap(root.at),
    inputs,
    importer,
  };
}

function mapAt(root: LocatedMap, key: string, message: string, report: Report): LocatedMap | undefined {
  const value = root.entries.get(key)?.value;
  if (value === undefined || isNull(value)) return undefined;
  if (value.type === "map") return value;
  report.problem("E_TYPE", message, value.at, `Write ${key}: { NAME: … }.`);
  return undefined;
}

interface Import {
  readonly file: string;
  readonly at: Place;
  /** Absolute folder that the path starts at, where it is not that of the importing file. */
  readonly from: string | undefined;
  readonly vars: LocatedMap | undefined;
  readonly inputs: LocatedMap | undefined;
}

/** `name: file` or `name: { file, vars, inputs }`. */
function importOf(name: string, value: Located, report: Report): Import | undefined {
  const file = value.type === "map" ? value.entries.get("file")?.value : value;
  if (value.type === "map") report.unknownKeys(value, importKeys, `import "${name}"`);
  if (file?.type !== "scalar" || typeof file.value !== "string" || file.value === "") {
    report.problem("E_TYPE", `import "${name}" must name a file`, file?.at ?? value.at, `Write ${name}: FILE.yaml.`);
    return undefined;
  }
  const part = (key: string): LocatedMap | undefined =>
    value.type === "map" ? mapAt(value, key, `${key} of import "${name}" must be a map`, report) : undefined;
  return { file: file.value, at: file.at, from: file.from, vars: part("vars"), inputs: part("inputs") };
}

const openImport = Effect.fnUntraced(function* (
  name: string,
  wanted: Import,
  importer: Document,
  opening: Opening,
  report: Report,
): Effect.fn.Return<Opening | undefined> {
  const path = resolve(wanted.from ?? importer.dir, wanted.file);
  const elsewhere = wanted.from !== undefined && wanted.from !== importer.dir;
  const shown = isAbsolute(wanted.file)
    ? wanted.file
    : elsewhere
      ? relative("", path)
      : join(dirname(opening.file), wanted.file);
  const open = [...opening.open, { path, shown }];
  if (opening.open.some((other) => other.path === path)) {
    const message = `files import each other: ${open.map((it) => it.shown).join(" → ")}`;
    report.problem("E_CYCLE", message, wanted.at, "Move what both need into a third file.");
    return undefined;
  }
  const text = yield* readSource(path, shown, wanted.at).pipe(
    Effect.catch((error) => {
      for (const issue of error.issues) report.add(issue);
      return Effect.succeed(undefined);
    }),
  );
  if (text === undefined) return undefined;
  const parsed = parseYaml(text, shown);
  for (const issue of parsed.issues) report.add(issue);
  if (parsed.value === undefined) return undefined;
  if (parsed.value.type !== "map") {
    report.problem("E_YAML", "a fragment is a map with version and nodes", parsed.value.at, "Start with: version: 1");
    return undefined;
  }
  const root = withPassedVars(parsed.value, wanted.vars, report);
  const inputs = passedInputs(name, root, wanted, report);
  return { namespace: `${importer.namespace}${name}/`, root, file: shown, importer, inputs, open };
});

/** The fragment's variables are its defaults: the importer may set those it declares, and no others. */
function withPassedVars(root: LocatedMap, passed: LocatedMap | undefined, report: Report): LocatedMap {
  if (passed === undefined) return root;
  const declared = root.entries.get("vars");
  const entries = new Map(declared?.value.type === "map" ? declared.value.entries : []);
  for (const [name, entry] of passed.entries) {
    if (entries.has(name)) entries.set(name, entry);
    else {
      const remedy = suggestion(name, entries.keys(), "variables");
      report.problem("E_VAR_UNKNOWN", `the fragment has no variable "${name}"`, entry.keyAt, remedy);
    }
  }
  const vars: LocatedMap = { type: "map", at: declared?.value.at ?? root.at, entries };
  return { ...root, entries: new Map([...root.entries, ["vars", { keyAt: declared?.keyAt ?? root.at, value: vars }]]) };
}

/** Every input a fragment declares must be passed, and no other. */
function passedInputs(name: string, root: LocatedMap, wanted: Import, report: Report): Document["inputs"] {
  const declared = mapAt(root, "inputs", "inputs of a fragment must be a map of name: kind", report);
  const names = [...(declared?.entries.keys() ?? [])];
  const passed = new Map<string, ReadonlyArray<Located>>();
  for (const [input, { keyAt, value }] of wanted.inputs?.entries ?? []) {
    if (names.includes(input)) passed.set(input, value.type === "list" ? value.items : [value]);
    else {
      const message = `fragment "${name}" has no input "${input}"`;
      report.problem("E_KEY_UNKNOWN", message, keyAt, suggestion(input, names, "inputs"));
    }
  }
  for (const input of names) {
    if (passed.has(input)) continue;
    const remedy = `Add inputs: { ${input}: NODE } to the import.`;
    report.problem(
      "E_INPUT_MISSING",
      `import "${name}" needs an input "${input}"`,
      wanted.inputs?.at ?? wanted.at,
      remedy,
    );
    passed.set(input, []);
  }
  return passed;
}
