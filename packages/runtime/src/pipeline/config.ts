/** Decodes a node's config by the stage's Schema; each problem points at the value or key it is about. */
import * as Result from "effect/Result";
import * as Schema from "effect/Schema";
import * as SchemaAST from "effect/SchemaAST";
import * as SchemaIssue from "effect/SchemaIssue";
import type { AnyStage, ConfigSchema } from "../stage.ts";
import { type Located, type LocatedMap, type Place, toPlain } from "./located.ts";
import { suggestion } from "./nearest.ts";
import type { Report } from "./report.ts";
import { type LostPath, settle } from "./settle.ts";

const unexpected = "unexpected key";
const format = SchemaIssue.makeFormatterStandardSchemaV1({
  leafHook: (issue) => (issue._tag === "UnexpectedKey" ? unexpected : SchemaIssue.defaultLeafHook(issue)),
});
const options: SchemaAST.ParseOptions = { errors: "all", onExcessProperty: "error", reportInput: true };

/** The decoded config, `undefined` after reporting when it does not decode, and its paths that lead to nothing. */
export function decodeConfig(
  stage: AnyStage,
  given: Located,
  dir: string,
  report: Report,
): { readonly config: unknown; readonly lost: ReadonlyArray<LostPath> } {
  const schema: ConfigSchema = stage.config;
  const decode = Schema.decodeUnknownResult(schema, options);
  const { config, lost } = settle(given, schema.ast, dir, report);
  const decoded = decode(toPlain(config));
  if (Result.isSuccess(decoded)) return { config: decoded.success, lost };
  const { issues } = format(decoded.failure.issue);
  const seen = new Set<string>();
  for (const { message, path: steps } of issues) {
    const path = stepsOf(steps);
    if (isMissing(config, path)) continue;
    if (message === unexpected) unknownKey(stage, config, path, report);
    else {
      const at = valuePlace(config, path);
      const place = `${at.line}:${at.column}:${path.join(".")}`;
      if (seen.has(place)) continue;
      seen.add(place);
      const where = ["config", ...path].join(".");
      const old = oldBoolean(config, path);
      if (old !== undefined && /boolean|true|false/.test(message)) {
        const remedy = "Write true or false: YAML 1.2 knows no yes, no, on and off.";
        report.problem("E_YAML_BOOLEAN", `${where}: "${old}" is text, not true or false`, at, remedy);
      } else report.problem("E_CONFIG", `${where}: ${message}`, at, `precipice stages ${stage.id} lists its config.`);
    }
  }
  return { config: undefined, lost };
}

/** `E_KEY_UNKNOWN` for keys of `config` that the stage does not have, without asking for those that are missing. */
export function checkKeys(stage: AnyStage, config: LocatedMap, report: Report): void {
  const keys = keysAt((stage.config as ConfigSchema).ast, []);
  for (const key of config.entries.keys()) if (!keys.includes(key)) unknownKey(stage, config, [key], report);
}

function unknownKey(stage: AnyStage, config: Located, path: ReadonlyArray<string>, report: Report): void {
  const key = path.at(-1) ?? "";
  const parent = path.slice(0, -1);
  const message = `${["config", ...parent].join(".")} of ${stage.id} has no key "${key}"`;
  const keys = keysAt((stage.config as ConfigSchema).ast, parent);
  report.problem("E_KEY_UNKNOWN", message, keyPlace(config, path), suggestion(key, keys, "keys"));
}

const stepsOf = (path: ReadonlyArray<PropertyKey | { readonly key: PropertyKey }> | undefined): ReadonlyArray<string> =>
  (path ?? []).map((step) => String(typeof step === "object" ? step.key : step));

/** Whether the value at `path`, or one around it, could not be had. */
function isMissing(config: Located, path: ReadonlyArray<string>): boolean {
  if (config.type === "scalar") return config.missing === true;
  const [step, ...rest] = path;
  const inner = step === undefined ? undefined : childOf(config, step);
  return inner !== undefined && isMissing(inner, rest);
}

/** A plain `yes`, `no`, `on` or `off`, which other YAML readers take for a boolean. */
function oldBoolean(config: Located, path: ReadonlyArray<string>): string | undefined {
  const found = path.reduce<Located | undefined>((value, step) => value && childOf(value, step), config);
  const isOld =
    found?.type === "scalar" && found.style === "plain" && /^(y|n|yes|no|on|off)$/i.test(String(found.value));
  return isOld ? String(found.value) : undefined;
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
