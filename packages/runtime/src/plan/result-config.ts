/**
 * The part of a config that its results depend on. A key annotated `execution: true` (workers, threads, batch, memory
 * budgets) says how the work is done, never what comes out, and is no part of any key; one annotated `policy: true` (what
 * happens to rows that fail) changes what an artifact holds but not what a row's own result is. One annotated `path: true` names
a file or folder: the stage's fingerprint stands for what lies there, and where it lies is no part of any key.
 *
 * @example
 * ```ts
 * config: Schema.Struct({
 *   seed: Schema.Int,
 *   workers: Schema.Int.annotate({ description: "Worker threads", execution: true }),
 * })
 * ```
 */
import * as SchemaAST from "effect/SchemaAST";
import type { ConfigSchema } from "../stage.ts";

/** Without the keys annotated `execution` or `path`: what the key of a node holds. */
export const resultConfig = (schema: ConfigSchema, config: unknown): unknown =>
  without(schema.ast, config, (ast) => marked(ast, "execution") || isPath(ast));

/** Without those annotated `policy` either: what the key of a shard holds. */
export const rowConfig = (schema: ConfigSchema, config: unknown): unknown =>
  without(schema.ast, config, (ast) => marked(ast, "execution") || isPath(ast) || marked(ast, "policy"));

type Drop = (ast: SchemaAST.AST) => boolean;

function without(ast: SchemaAST.AST, config: unknown, drop: Drop): unknown {
  if (typeof config !== "object" || config === null) return config;
  if (SchemaAST.isUnion(ast)) return ast.types.reduce<unknown>((kept, member) => without(member, kept, drop), config);
  if (Array.isArray(config)) {
    const [item] = SchemaAST.isArrays(ast) ? ast.rest : [];
    return item === undefined ? config : config.map((one) => without(item, one, drop));
  }
  if (!SchemaAST.isObjects(ast)) return config;
  const kept = { ...config } as Record<PropertyKey, unknown>;
  for (const { name, type } of ast.propertySignatures) {
    if (!Object.hasOwn(kept, name)) continue;
    if (drop(type)) delete kept[name];
    else kept[name] = without(type, kept[name], drop);
  }
  return kept;
}

/** Whether the value is a path. */
export const isPath = (ast: SchemaAST.AST): boolean => marked(ast, "path");

/** Whether a config has paths, whose content only a fingerprint can stand for. */
export function hasPaths(ast: SchemaAST.AST): boolean {
  if (isPath(ast)) return true;
  if (SchemaAST.isUnion(ast)) return ast.types.some(hasPaths);
  if (SchemaAST.isArrays(ast)) return ast.rest.some(hasPaths);
  return SchemaAST.isObjects(ast) && ast.propertySignatures.some(({ type }) => hasPaths(type));
}

/** On the key, or on its value: annotations made before or after a default was given both count. */
function marked(ast: SchemaAST.AST, name: "execution" | "policy" | "path"): boolean {
  return ast.context?.annotations?.[name] === true || SchemaAST.resolveAt<boolean>(name)(ast) === true;
}
