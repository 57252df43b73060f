/**
 * How a Schema field becomes a column. One table of cases decides for Parquet and Arrow alike, so that a kind's Schema is
 * the only place where a column is described.
 */
import type * as Schema from "effect/Schema";
import * as SchemaAST from "effect/SchemaAST";

/** What a value of a column is: strings cover literal unions; `int` is INT32, widened to INT64 when a value needs it. */
export type ColumnType = "string" | "number" | "int" | "boolean";

export interface Column {
  readonly name: string;
  readonly type: ColumnType;
  /** `Schema.NullOr(x)`; inside `Schema.optionalKey` a row may leave the key out, which is null. */
  readonly nullable: boolean;
  /** `Schema.Array(x)`: a list of `type`. */
  readonly list: boolean;
}

/**
 * The columns of a row schema, in declaration order.
 *
 * @throws TypeError for a field that has no column type (nested structs, optional keys, transformations …).
 */
export function columnsOf(schema: Schema.Struct<Schema.Struct.Fields>): ReadonlyArray<Column> {
  return Object.entries(schema.fields).map(([name, field]) => columnOf(name, field.ast));
}

function columnOf(name: string, ast: SchemaAST.AST): Column {
  const present = withoutNull(ast);
  const nullable = present !== ast;
  if (SchemaAST.isOptional(ast) && !nullable)
    throw unsupported(name, "an optional key is a column only around Schema.NullOr: left out, it is null");
  if (ast.encoding !== undefined) throw unsupported(name, "a column stores its decoded value: no transformations");
  if (SchemaAST.isArrays(present) && present.elements.length === 0 && present.rest.length === 1) {
    const type = scalarType(present.rest[0] as SchemaAST.AST);
    if (type === undefined) throw unsupported(name, "lists hold strings, numbers, integers or booleans");
    return { name, type, nullable, list: true };
  }
  const type = scalarType(present);
  if (type === undefined)
    throw unsupported(name, "use String, Number, Int, Boolean, Literals, or NullOr / Array of these");
  return { name, type, nullable, list: false };
}

function scalarType(ast: SchemaAST.AST): ColumnType | undefined {
  if (SchemaAST.isString(ast) || SchemaAST.isTemplateLiteral(ast)) return "string";
  if (SchemaAST.isBoolean(ast)) return "boolean";
  if (SchemaAST.isNumber(ast)) return isInteger(ast) ? "int" : "number";
  if (SchemaAST.isLiteral(ast)) return literalType(ast.literal);
  if (SchemaAST.isUnion(ast)) {
    const types = new Set(ast.types.map(scalarType));
    return types.size === 1 ? [...types][0] : undefined;
  }
  return undefined;
}

function literalType(literal: SchemaAST.LiteralValue): ColumnType | undefined {
  if (typeof literal === "string") return "string";
  if (typeof literal === "boolean") return "boolean";
  if (typeof literal === "number") return Number.isInteger(literal) ? "int" : "number";
  return undefined;
}

/** `NullOr(x)` is a union with one `Null` member; the rest of the union is `x`. */
function withoutNull(ast: SchemaAST.AST): SchemaAST.AST {
  if (!SchemaAST.isUnion(ast) || !ast.types.some(SchemaAST.isNull)) return ast;
  const rest = ast.types.filter((member) => !SchemaAST.isNull(member));
  return rest.length === 1 ? (rest[0] as SchemaAST.AST) : new SchemaAST.Union(rest);
}

const integerCheck = "effect/schema/isInt";

function isInteger(ast: SchemaAST.AST): boolean {
  return (ast.checks ?? []).some(isIntegerCheck);
}

function isIntegerCheck(check: SchemaAST.Check<never>): boolean {
  if (check._tag === "FilterGroup") return check.checks.some((inner) => isIntegerCheck(inner));
  return idOf(check.annotations) === integerCheck;
}

function idOf(annotations: unknown): unknown {
  const meta = (annotations as { readonly representation?: { readonly id?: unknown } } | undefined)?.representation;
  return meta?.id;
}

function unsupported(name: string, reason: string): TypeError {
  return new TypeError(`Column "${name}": ${reason}`);
}
