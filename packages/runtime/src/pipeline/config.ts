/** Decodes a node's config by the stage's Schema; each problem points at the value or key it is about. */
import * as Result from "effect/Result";
import * as Schema from "effect/Schema";
import * as SchemaAST from "effect/SchemaAST";
import * as SchemaIssue from "effect/SchemaIssue";
import type { AnyStage, ConfigSchema } from "../stage.ts";
import { type Located, type LocatedMap, type Place, toPlain } from "./located.ts";
import { suggestion } from "./nearest.ts";
import type { Report } from "./report.ts";

const unexpected = "unexpected key";
const format = SchemaIssue.makeFormatterStandardSchemaV1({
  leafHook: (issue) => (issue._tag === "UnexpectedKey" ? unexpected : SchemaIssue.defaultLeafHook(issue)),
});
const options: SchemaAST.ParseOptions = { errors: "all", onExcessProperty: "error", reportInput: true };

/** The decoded config; `undefined` after reporting when it does not decode. */
export function decodeConfig(stage: AnyStage, config: Located, report: Report): unknown {
  const schema: ConfigSchema = stage.config;
  const decoded = Schema.decodeUnknownResult(schema, options)(toPlain(config));
  if (Result.isSuccess(decoded)) return decoded.success;
  const seen = new Set<string>();
  for (const { message, path: steps } of format(decoded.failure.issue).issues) {
    const path = (steps ?? []).map(String);
    const key = path.at(-1) ?? "";
    if (message === unexpected) {
      const keys = keysAt(schema.ast, path.slice(0, -1));
      const where = ["config", ...path.slice(0, -1)].join(".");
      report.problem(
        "E_KEY_UNKNOWN",
        `${where} of ${stage.id} has no key "${key}"`,
        keyPlace(config, path),
        suggestion(key, keys, "keys"),
      );
    } else {
      const at = valuePlace(config, path);
      const place = `${at.line}:${at.column}:${path.join(".")}`;
      if (seen.has(place)) continue;
      seen.add(place);
      const remedy = `precipice stages ${stage.id} lists its config.`;
      report.problem("E_CONFIG", `${["config", ...path].join(".")}: ${message}`, at, remedy);
    }
  }
  return undefined;
}

/** Where the value at `path` stands, or the innermost value around it when it is missing. */
function valuePlace(located: Located, path: ReadonlyArray<string>): Place {
  const [step, ...rest] = path;
  const inner = step === undefined ? undefined : childOf(located, step);
  return inner === undefined ? located.at : valuePlace(inner, rest);
}

function keyPlace(located: Located, path: ReadonlyArray<string>): Place {
  const parent = path.slice(0, -1).reduce<Located | undefined>((value, step) => value && childOf(value, step), located);
  const entry = parent?.type === "map" ? (parent as LocatedMap).entries.get(path.at(-1) ?? "") : undefined;
  return entry?.keyAt ?? located.at;
}

function childOf(located: Located, step: string): Located | undefined {
  if (located.type === "map") return located.entries.get(step)?.value;
  return located.type === "list" ? located.items[Number(step)] : undefined;
}

/** Keys a struct schema declares at `path`; those of all members for a union. */
function keysAt(ast: SchemaAST.AST, path: ReadonlyArray<string>): ReadonlyArray<string> {
  if (SchemaAST.isUnion(ast)) return [...new Set(ast.types.flatMap((member) => keysAt(member, path)))];
  const [step, ...rest] = path;
  if (SchemaAST.isArrays(ast)) return step === undefined ? [] : ast.rest.flatMap((item) => keysAt(item, rest));
  if (!SchemaAST.isObjects(ast)) return [];
  if (step === undefined) return ast.propertySignatures.map(({ name }) => String(name));
  const property = ast.propertySignatures.find(({ name }) => name === step);
  return property === undefined ? [] : keysAt(property.type, rest);
}
