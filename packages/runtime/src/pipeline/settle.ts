/** Values of `--set` become what the stage's Schema wants, and relative paths are put in terms of the node's folder. */
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { isAbsolute, join, relative, resolve } from "node:path";
import * as SchemaAST from "effect/SchemaAST";
import { isPath } from "../plan/result-config.ts";
import type { Entry, Located, LocatedScalar } from "./located.ts";
import type { Report } from "./report.ts";
import { asText, eitherWay, startOf } from "./typed.ts";

type Kind = "text" | "number" | "boolean" | "null" | "list" | "map";
type Asts = ReadonlyArray<SchemaAST.AST>;

/** A relative path in a config that leads to nothing. */
export interface LostPath {
  readonly given: string;
  /** Absolute folder that it was looked for from. */
  readonly from: string;
}

export interface Settled {
  readonly config: Located;
  readonly lost: ReadonlyArray<LostPath>;
}

/** The config of a node whose file lies in `dir`, ready to be decoded. */
export function settle(config: Located, schema: SchemaAST.AST, dir: string, report: Report): Settled {
  const lost: Array<LostPath> = [];
  const visit = (located: Located, asts: Asts): Located => {
    const value = located.type === "scalar" ? wanted(located, asts, report) : located;
    switch (value.type) {
      case "scalar":
        return asts.some(isPath) ? placed(value, dir, lost) : value;
      case "list":
        return { ...value, items: value.items.map((item, i) => visit(item, childrenAt(asts, i))) };
      case "map": {
        const entries = [...value.entries].map(([key, entry]): readonly [string, Entry] => [
          key,
          { ...entry, value: visit(entry.value, childrenAt(asts, key)) },
        ]);
        return { ...value, entries: new Map(entries) };
      }
    }
  };
  return { config: visit(config, [schema]), lost };
}

/** What a value of `--set` is here. Where the Schema takes text alone, the text; where it takes none, what YAML reads. */
function wanted(located: LocatedScalar, asts: Asts, report: Report): Located {
  const kinds = new Set(asts.flatMap((ast) => kindsOf(SchemaAST.toEncoded(ast))));
  if (located.typed === undefined) {
    const isWritten = located.loose && located.written !== undefined;
    return isWritten && kinds.has("text") && !kinds.has(kindOf(located))
      ? { type: "scalar", at: located.at, value: located.written, style: "quoted" }
      : located;
  }
  if (kinds.has("text") && kinds.size === 1) return asText(located);
  if (kinds.has("text") || kinds.size === 0)
    return eitherWay(located, (yaml) => kinds.size === 0 || kinds.has(kindOf(yaml)));
  const { yaml, issues } = located.typed;
  for (const issue of issues) {
    report.add({ ...issue, remedy: `What is wanted here is written as YAML: ${[...kinds].join(" or ")}.` });
  }
  return yaml ?? { type: "scalar", at: located.at, value: null, missing: true };
}

function kindOf(located: Located): Kind {
  if (located.type !== "scalar") return located.type;
  if (located.value === null) return "null";
  return typeof located.value === "string" ? "text" : (typeof located.value as "number" | "boolean");
}

const anything: ReadonlyArray<Kind> = ["text", "number", "boolean", "null", "list", "map"];

/** What the encoded side of a Schema may be made of; everything for one that does not say. */
function kindsOf(ast: SchemaAST.AST): ReadonlyArray<Kind> {
  if (SchemaAST.isUnion(ast)) return ast.types.flatMap(kindsOf);
  if (SchemaAST.isString(ast) || SchemaAST.isTemplateLiteral(ast)) return ["text"];
  if (SchemaAST.isNumber(ast)) return ["number"];
  if (SchemaAST.isBoolean(ast)) return ["boolean"];
  if (SchemaAST.isNull(ast)) return ["null"];
  if (SchemaAST.isUndefined(ast)) return [];
  if (SchemaAST.isLiteral(ast)) {
    const type = typeof ast.literal;
    return [type === "number" || type === "boolean" ? type : "text"];
  }
  if (SchemaAST.isArrays(ast)) return ["list"];
  if (SchemaAST.isObjects(ast))
    return ast.propertySignatures.length + ast.indexSignatures.length > 0 ? ["map"] : anything;
  return anything;
}

/** The Schemas of a key or an item, of all members of unions. */
function childrenAt(asts: Asts, step: string | number): Asts {
  return asts.flatMap((ast): Asts => {
    if (SchemaAST.isSuspend(ast)) return childrenAt([ast.thunk()], step);
    if (SchemaAST.isUnion(ast)) return childrenAt(ast.types, step);
    if (typeof step === "number")
      return SchemaAST.isArrays(ast) ? [ast.elements[step] ?? ast.rest[0] ?? []].flat() : [];
    if (!SchemaAST.isObjects(ast)) return [];
    const property = ast.propertySignatures.find(({ name }) => name === step);
    return property === undefined ? ast.indexSignatures.map(({ type }) => type) : [property.type];
  });
}

/** A relative path as it would be written in a file of `dir`. Sources with a scheme are no paths; `~/` is the home folder. */
function placed(located: LocatedScalar, dir: string, lost: Array<LostPath>): LocatedScalar {
  const { value: given } = located;
  if (typeof given !== "string" || given === "" || /^[a-z][a-z0-9+.-]*:\/\//i.test(given) || isAbsolute(given))
    return located;
  const home = /^~(?:[/\\]|$)/.test(given);
  const from = home ? homedir() : startOf(located);
  const path = home ? join(from, given.slice(1)) : resolve(from, given);
  if (!home && !existsSync(path)) lost.push({ given, from });
  return home || from !== dir ? { ...located, value: relative(dir, path) || "." } : located;
}
