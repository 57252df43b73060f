/**
 * What a server says went wrong: in a body with an error status, in an answer with status 200, or in a chunk of a stream. Servers
 * write it in many shapes; the message is found in any of them, and the kind of the error decides whether to ask again.
 */
import { type ServerError, type ServerErrorCode, serverError } from "./server-error.ts";

type Json = Readonly<Record<string, unknown>>;

const MESSAGE_CHARS = 300;
/** Where messages stand, the best first. */
const MESSAGE_KEYS = ["message", "msg", "detail", "error", "errors", "error_description", "error_msg", "status_msg"];
const MORE_KEYS = ["title", "description", "reason"];

export const isRecord = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** One line of a text, bounded. */
export const excerpt = (text: string, characters = MESSAGE_CHARS): string => {
  const line = text.replace(/\s+/gu, " ").trim();
  return line.length > characters ? `${[...line.slice(0, characters)].slice(0, -1).join("")}…` : line;
};

/** A body that is no JSON, such as a proxy's page: its words without tags. */
export const plainText = (body: string): string =>
  excerpt(
    body
      .slice(0, 20_000)
      .replace(
        /<(script|style|head)\b[\s\S]*?<\/\1\s*>/giu,
        (head) => ` ${/<title[^>]*>([\s\S]*?)<\/title/iu.exec(head)?.[1] ?? ""} `,
      )
      .replace(/<[^<>]*>/gu, " "),
  );

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text.replace(/^\uFEFF/u, ""));
  } catch {
    return undefined;
  }
};

/** A place as FastAPI writes it, `["body", "messages", 0]`; what is nested in it is no part of one. */
const placeIn = (loc: readonly unknown[]): string =>
  loc
    .slice(0, 10)
    .filter((step) => typeof step === "string" || typeof step === "number")
    .join(".");

const messageIn = (value: unknown, depth = 0): string => {
  if (depth > 5) return "";
  if (typeof value === "string") {
    const inner = /^\s*[{[]/u.test(value) ? parsed(value) : undefined;
    return (inner === undefined ? "" : messageIn(inner, depth + 1)) || value.trim();
  }
  if (Array.isArray(value))
    return [...new Set(value.slice(0, 5).map((one) => messageIn(one, depth + 1)))]
      .filter((one) => one !== "")
      .join("; ");
  if (!isRecord(value)) return "";
  const found = [...MESSAGE_KEYS, ...MORE_KEYS]
    .map((key) => messageIn(value[key], depth + 1))
    .find((one) => one !== "");
  // as FastAPI writes what it could not validate
  const place = Array.isArray(value["loc"]) && found !== undefined ? `${placeIn(value["loc"])}: ` : "";
  // what the server behind a router said
  const { metadata } = value;
  const raw = isRecord(metadata) ? messageIn(metadata["raw"], depth + 1) : "";
  const more = raw === "" || raw === found ? "" : ` (${raw})`;
  return `${place}${found ?? ""}${more}`.trim();
};

const STATUS_KEYS = ["status", "status_code", "statusCode", "http_status", "code", "error_code"];
const KIND_KEYS = ["type", "code", "status", "reason", "error_type"];
const NESTED = ["error", "innererror", "metadata", "base_resp"];

interface Facts {
  readonly status: number | null;
  /** Words that name the kind, in lower case without separators. */
  readonly kinds: string;
}

const factsIn = (value: unknown, depth = 0): Facts => {
  const one = Array.isArray(value) ? value[0] : value;
  if (!isRecord(one) || depth > 3) return { status: null, kinds: "" };
  const inner = NESTED.map((key) => factsIn(one[key], depth + 1));
  const numbers = STATUS_KEYS.map((key) => Number(typeof one[key] === "string" ? one[key] : (one[key] ?? Number.NaN)));
  const own = numbers.find((code) => Number.isInteger(code) && code >= 400 && code < 600);
  const words = KIND_KEYS.map((key) => one[key]).filter((word) => typeof word === "string");
  return {
    status: own ?? inner.find(({ status }) => status !== null)?.status ?? null,
    kinds: [
      ...words.map((word) => word.toLowerCase().replace(/[^a-z]+/gu, "")),
      ...inner.map(({ kinds }) => kinds),
    ].join(" "),
  };
};

const FILTERED = /contentfilter|contentpolicy|moderation|flagged|guardrail|responsibleai/u;
const BY_KIND: ReadonlyArray<readonly [RegExp, number]> = [
  [/ratelimit|toomanyrequests|resourceexhausted|quota/u, 429],
  [/auth|apikey|permission|forbidden/u, 401],
  [/badrequest|notfound|unsupported|contextlength|unprocessable|validation|invalid|doesnotexist/u, 400],
  [/timeout/u, 504],
  [/overload|unavailable|servererror|internal/u, 500],
];
/** Where neither status nor kind is told. */
const CANNOT_SUCCEED =
  /\binvalid (?:request|param|argument|model)|\bcontext (?:length|window)\b|\bnot found\b|\bdoes(?: not|n't) exist\b|\bno endpoints\b|\bnot supported\b|\bunsupported\b|\bvalidation error/iu;

const codeOf = (status: number): ServerErrorCode => {
  if (status === 401 || status === 403) return "E_SERVER_KEY";
  if (status === 429) return "E_SERVER_RATE_LIMIT";
  if (status === 408) return "E_SERVER_TIMEOUT";
  return status >= 500 || status === 409 || status === 425 ? "E_SERVER_STATUS" : "E_SERVER_REQUEST";
};

const NEVER: ReadonlySet<number> = new Set([501, 505]);

const errorOf = (
  lead: string,
  status: number | null,
  json: unknown,
  message: string,
  retryAfterMs: number | null = null,
): ServerError => {
  const facts = factsIn(json);
  const said = excerpt(message);
  const text = `${lead}${said === "" ? "" : `: ${said}`}`;
  const byKind = BY_KIND.find(([kind]) => kind.test(facts.kinds))?.[1] ?? null;
  const known = status ?? facts.status ?? byKind ?? (CANNOT_SUCCEED.test(message) ? 400 : null);
  const told = { status: known, retryAfterMs };
  const refused = known === null || (known >= 400 && known < 500 && known !== 429);
  if (refused && (FILTERED.test(facts.kinds) || (known === 403 && /moderation|flagged/iu.test(message))))
    return serverError("E_SERVER_FILTERED", text, told);
  if (known === null) return serverError("E_SERVER_STATUS", text);
  // a budget that is used up does not come back in a moment
  const lasts = NEVER.has(known) || /insufficientquota|billing/u.test(facts.kinds);
  return serverError(codeOf(known), text, lasts ? { ...told, retry: false } : told);
};

/** The error of a status outside 2xx, with the server's own message. */
export const statusError = (where: string, status: number, body: string, retryAfterMs: number | null): ServerError => {
  const event = /^data:\s*(\{.*)$/mu.exec(body)?.[1];
  const json = parsed(body) ?? (event === undefined ? undefined : parsed(event));
  const message = json === undefined ? plainText(body) : messageIn(json);
  return errorOf(`${where} answered ${status}`, status, json, message, retryAfterMs);
};

const toldBy = (where: string, json: unknown, message: string): ServerError => {
  const { status } = factsIn(json);
  return errorOf(
    `${where} told of an error${status === null ? "" : ` (${status})`} in its answer`,
    null,
    json,
    message,
  );
};

/** The error that an event named `error` tells of. */
export const eventError = (where: string, data: string): ServerError => {
  const json = parsed(data);
  return toldBy(where, json, json === undefined ? plainText(data) : messageIn(json));
};

/** What stands under `error`, unless it says that there is none. */
const hasError = (value: unknown, depth = 0): boolean => {
  if (Array.isArray(value)) return depth > 5 || value.some((one) => hasError(one, depth + 1));
  if (!isRecord(value)) return value === true || (typeof value === "string" && value.trim() !== "");
  const { status, kinds } = factsIn(value);
  return messageIn(value) !== "" || status !== null || kinds.trim() !== "";
};

/** The error that an answer with status 200, or a chunk of it, tells of; null where it tells of none. */
export const errorInAnswer = (where: string, answer: unknown): ServerError | null => {
  const json = Array.isArray(answer) ? answer[0] : answer;
  if (!isRecord(json)) return null;
  const choices = Array.isArray(json["choices"]) ? json["choices"].filter(isRecord) : [];
  for (const choice of choices) {
    const places = [choice, choice["message"], choice["delta"]].filter(isRecord);
    const place = places.find((one) => hasError(one["error"]));
    if (place !== undefined) return toldBy(where, { error: place["error"] }, messageIn(place["error"]));
  }
  const explicit = hasError(json["error"]) || hasError(json["errors"]);
  const named = json["object"] === "error" || json["type"] === "error";
  // an error's code beside its message, and no answer
  const bare =
    !("choices" in json) &&
    (factsIn(json).status !== null || ["detail", "error_msg"].some((key) => hasError(json[key])));
  if (!explicit && !named && !bare) return null;
  const message = messageIn(json["error"]) || messageIn(json["errors"]) || messageIn(json);
  return toldBy(where, json, message);
};

/** The words of an answer without choices, as the error it must be; null where it has none. */
export const errorWithoutChoices = (where: string, json: Json): ServerError | null => {
  const message = messageIn(json);
  return message === "" ? null : toldBy(where, json, message);
};
