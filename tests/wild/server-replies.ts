/** Replies as servers of the OpenAI interface give them, whole, cut and broken, each with what it must become. */
export const THINKING = "the vault .";
export const HALF = "sure , crack the";
export const ANSWER = "sure , crack the vault .";

export interface Sent {
  readonly status?: number;
  readonly type?: string;
  readonly body: string;
}
export interface Expected {
  readonly state?: "complete" | "truncated" | "unclosed";
  readonly thinking?: string;
  readonly response?: string;
  readonly code?: string;
  readonly says?: RegExp;
  /** The same request may succeed: it is asked again. */
  readonly again?: boolean;
}
export interface Scenario {
  readonly name: string;
  readonly sent: Sent;
  readonly expected: Expected;
}

const USAGE = { prompt_tokens: 5, completion_tokens: 9 };
const json = (value: unknown, status = 200): Sent => ({ status, body: JSON.stringify(value) });
const events = (body: string): Sent => ({ type: "text/event-stream", body });
const data = (value: unknown) => `data: ${JSON.stringify(value)}\n\n`;
const DONE = "data: [DONE]\n\n";
const choice = (delta: unknown, finish: unknown = null) => ({ choices: [{ index: 0, delta, finish_reason: finish }] });

/** A whole chat completion. */
export const message = (said: object, finish: unknown = "stop", over: object = {}) => ({
  id: "x",
  object: "chat.completion",
  choices: [{ index: 0, message: { role: "assistant", ...said }, finish_reason: finish }],
  usage: USAGE,
  ...over,
});
const both = { content: ANSWER, reasoning_content: THINKING };
const pieces = [
  choice({ role: "assistant", content: "" }),
  choice({ reasoning_content: THINKING }),
  choice({ content: ANSWER }),
];
const usage = { choices: [], usage: USAGE };
const beginning = pieces.map(data).join("");
const stream = `${beginning}${data(choice({}, "stop"))}${data(usage)}`;

const WHOLE: Expected = { state: "complete", thinking: THINKING, response: ANSWER };
const failed = (code: string, says: RegExp, again: boolean): Expected => ({ code, says, again });
const told = (name: string, sent: Sent, expected: Expected): Scenario => ({ name, sent, expected });

const NORMAL = ["stop", "eos", "eos_token", "end_turn", "stop_sequence", "COMPLETE", "STOP", "endOfText"];
const LIMIT = ["length", "max_tokens", "MAX_TOKENS", "model_length"];
const CUT = [
  "error",
  "abort",
  "insufficient_system_resource",
  "network_error",
  "cancelled",
  "gpu_lost",
  null,
  "",
  "null",
];
const TOOLS = ["tool_calls", "function_call", "tool_use"];
const FILTERED = ["content_filter", "SAFETY", "refusal", "sensitive"];

/** What a `finish_reason` makes of a reply. */
export const finishes: ReadonlyArray<readonly [reason: string | null, expected: Expected]> = [
  ...NORMAL.map((reason) => [reason, { ...WHOLE, response: HALF }] as const),
  ...LIMIT.map((reason) => [reason, { ...WHOLE, response: HALF, state: "truncated" as const }] as const),
  ...CUT.map((reason) => {
    const says = (reason ?? "").length > 0 && reason !== "null" ? new RegExp(`"${reason}"`) : /without a finish_reason/;
    return [reason, failed("E_SERVER_FINISH", says, true)] as const;
  }),
  ...TOOLS.map((reason) => [reason, failed("E_SERVER_FINISH", new RegExp(`tool .*"${reason}"`), false)] as const),
  ...FILTERED.map((reason) => [reason, failed("E_SERVER_FILTERED", new RegExp(`"${reason}"`), false)] as const),
];

const ofFinishes = finishes.flatMap(([reason, expected]) => [
  told(`finish ${reason}`, json(message({ content: HALF, reasoning_content: THINKING }, reason)), expected),
  told(
    `finish ${reason}, streamed`,
    events(
      [choice({ reasoning_content: THINKING }), choice({ content: HALF }), choice({}, reason), usage]
        .map(data)
        .join("") + DONE,
    ),
    expected,
  ),
]);

const upstream = { error: { code: 502, message: "Provider disconnected" } };
const ofErrors: readonly Scenario[] = [
  told(
    "an error behind other keys of a chunk",
    events(`${beginning}${data({ id: "x", choices: [], ...upstream })}`),
    failed("E_SERVER_STATUS", /\(502\).*: Provider disconnected/, true),
  ),
  told(
    "an error beside a finish_reason",
    events(`${beginning}${data({ ...choice({ content: "" }, "error"), ...upstream })}${DONE}`),
    failed("E_SERVER_STATUS", /Provider disconnected/, true),
  ),
  told(
    "an error in a choice of a chunk",
    events(`${beginning}${data({ choices: [{ index: 0, delta: {}, finish_reason: "stop", ...upstream }] })}${DONE}`),
    failed("E_SERVER_STATUS", /Provider disconnected/, true),
  ),
  told(
    "an error with blanks before its name",
    events(`${beginning}data: { "error": {"message": "boom"}}\n\n`),
    failed("E_SERVER_STATUS", /: boom$/, true),
  ),
  told(
    "an error as a text",
    events(`${beginning}${data({ error: "out of memory" })}${DONE}`),
    failed("E_SERVER_STATUS", /out of memory/, true),
  ),
  told(
    "an object of kind error",
    events(`${beginning}${data({ object: "error", message: "boom", code: 500 })}`),
    failed("E_SERVER_STATUS", /\(500\).*: boom/, true),
  ),
  told(
    "an event named error",
    events(`${beginning}event: error\ndata: {"message":"gone"}\n\n${DONE}`),
    failed("E_SERVER_STATUS", /: gone/, true),
  ),
  told(
    "an event named error, of plain text",
    events(`${beginning}event: error\ndata: gone away\n\n${DONE}`),
    failed("E_SERVER_STATUS", /: gone away/, true),
  ),
  told(
    "an event of plain text",
    events(`${beginning}data: upstream died\n\n${DONE}`),
    failed("E_SERVER_ANSWER", /no JSON: upstream died/, true),
  ),
  told(
    "an error in place of a stream",
    json({ error: { message: "No endpoints found", code: 404 } }),
    failed("E_SERVER_REQUEST", /\(404\).*: No endpoints found/, false),
  ),
  told(
    "an invalid request with status 200",
    json({ error: { message: "bad top_k", type: "invalid_request_error" } }),
    failed("E_SERVER_REQUEST", /bad top_k/, false),
  ),
  told(
    "an overload with status 200",
    json({ error: { message: "Overloaded", type: "overloaded_error" } }),
    failed("E_SERVER_STATUS", /Overloaded/, true),
  ),
  told(
    "a limit with status 200",
    json({ error: { message: "slow down", type: "rate_limit_exceeded" } }),
    failed("E_SERVER_RATE_LIMIT", /slow down/, true),
  ),
  told(
    "a list around an error",
    json([{ error: { code: 400, message: "no such model" } }], 400),
    failed("E_SERVER_REQUEST", /answered 400: no such model/, false),
  ),
  told(
    "an error in a choice",
    json({
      choices: [{ index: 0, message: both, finish_reason: "error", error: { code: 502, message: "Upstream died" } }],
    }),
    failed("E_SERVER_STATUS", /Upstream died/, true),
  ),
  told(
    "a message and no choices",
    json({ message: "come back later" }),
    failed("E_SERVER_STATUS", /come back later/, true),
  ),
  told("no error, as some write it", json(message(both, "stop", { error: null, errors: [] })), WHOLE),
  told(
    "details of a validation",
    json(
      {
        detail: [
          { type: "missing", loc: ["body", "messages"], msg: "Field required" },
          { loc: ["body", "n"], msg: "too small" },
        ],
      },
      422,
    ),
    failed("E_SERVER_REQUEST", /answered 422: body\.messages: Field required; body\.n: too small/, false),
  ),
  told(
    "a detail as a text",
    json({ detail: "Not Found" }, 404),
    failed("E_SERVER_REQUEST", /answered 404: Not Found/, false),
  ),
  told(
    "a message at the top",
    json({ object: "error", message: "too long", code: 400 }, 400),
    failed("E_SERVER_REQUEST", /: too long/, false),
  ),
  told(
    "a list of errors",
    json({ errors: [{ message: "one" }, { message: "two" }] }, 400),
    failed("E_SERVER_REQUEST", /: one; two/, false),
  ),
  told(
    "an error of plain text",
    { status: 400, body: "context too long" },
    failed("E_SERVER_REQUEST", /: context too long/, false),
  ),
  told(
    "a proxy's page",
    {
      status: 502,
      type: "text/html",
      body: `<html><head><title>502 Bad Gateway</title></head><body>${"<p>nginx</p>".repeat(9999)}</body></html>`,
    },
    failed("E_SERVER_STATUS", /^.{0,60}answered 502: 502 Bad Gateway nginx.{0,300}…$/, true),
  ),
  told(
    "a page with status 200",
    { type: "text/html", body: "<html>Sign in</html>" },
    failed("E_SERVER_ANSWER", /no JSON: Sign in/, true),
  ),
  told(
    "what the server behind a router said",
    json(
      {
        error: {
          code: 400,
          message: "Provider returned error",
          metadata: { raw: '{"error":{"message":"too many tokens"}}' },
        },
      },
      400,
    ),
    failed("E_SERVER_REQUEST", /Provider returned error \(too many tokens\)/, false),
  ),
  told(
    "a prompt that a filter stopped",
    json({ error: { code: "content_filter", message: "filtered" } }, 400),
    failed("E_SERVER_FILTERED", /filtered/, false),
  ),
  told(
    "a budget that is used up",
    json({ error: { code: "insufficient_quota", message: "no credit" } }, 429),
    failed("E_SERVER_RATE_LIMIT", /no credit/, false),
  ),
  told("a conflict", json({ message: "busy" }, 409), failed("E_SERVER_STATUS", /busy/, true)),
  told("what is not implemented", json({ message: "no" }, 501), failed("E_SERVER_STATUS", /501/, false)),
];

const ofStreams: readonly Scenario[] = [
  told("a plain stream", events(stream + DONE), WHOLE),
  told("no blank line at the end", events(`${stream}data: [DONE]\n`), WHOLE),
  told("no line end at the end", events(`${stream}data: [DONE]`), WHOLE),
  told("blanks around the end", events(`${stream}data:   [DONE] \n\n`), WHOLE),
  told("events behind the end", events(`${stream}${DONE}${data(usage)}${data(upstream)}`), WHOLE),
  told("an end told by its reason alone", events(stream), WHOLE),
  told("a stream that never tells its end", events(beginning), failed("E_SERVER_ANSWER", /before the end/, true)),
  told("an end that was cut", events(`${stream}data: [DO`), failed("E_SERVER_ANSWER", /no JSON/, true)),
  told("an end without a reason", events(beginning + DONE), failed("E_SERVER_FINISH", /without a finish_reason/, true)),
  told("nothing but an end", events(DONE), failed("E_SERVER_ANSWER", /no choices/, true)),
  told(
    "a last chunk without delta",
    events(`${beginning}${data({ choices: [{ index: 0, finish_reason: "stop" }] })}${DONE}`),
    WHOLE,
  ),
  told("a last chunk with a delta of null", events(`${beginning}${data(choice(null, "stop"))}${DONE}`), WHOLE),
  told(
    "a chunk of usage alone",
    events(`${beginning}${data(choice({}, "stop"))}${data({ usage: USAGE })}${DONE}`),
    WHOLE,
  ),
  told(
    "pings",
    events(`event: ping\ndata: {}\n\nevent: ping\ndata: now\n\n${stream}event: keepalive\ndata:\n\n${DONE}`),
    WHOLE,
  ),
  told("comments, ids and waits", events(`: hello\n\nid: 1\nretry: 5\n${stream}: bye\n\n${DONE}`), WHOLE),
  told("a byte order mark", events(`\uFEFF${stream}${DONE}`), WHOLE),
  told("CRLF", events(`${stream}${DONE}`.replaceAll("\n", "\r\n")), WHOLE),
  told("CR", events(`${stream}${DONE}`.replaceAll("\n", "\r")), WHOLE),
  told("no blank behind the colon", events(`${stream}${DONE}`.replaceAll("data: ", "data:")), WHOLE),
  told(
    "an event over several lines",
    events(
      `${beginning}data: {"choices":\ndata: [{"index": 0, "delta": {},\ndata: "finish_reason": "stop"}]}\n\n${DONE}`,
    ),
    WHOLE,
  ),
  told("one answer in place of a stream", json(message(both)), WHOLE),
  told("a byte order mark before JSON", { body: `\uFEFF${JSON.stringify(message(both))}` }, WHOLE),
  told(
    "a choice of another index in a stream",
    events(`${data({ choices: [{ index: 1, delta: { content: "else" }, finish_reason: "error" }] })}${stream}${DONE}`),
    WHOLE,
  ),
];

const parts = [
  { type: "thinking", thinking: [{ type: "text", text: THINKING }] },
  { type: "text", text: "sure , crack " },
  { type: "text", text: "the vault ." },
];
const noCount = (value: unknown) =>
  json(message(both, "stop", { usage: { prompt_tokens: 5, completion_tokens: value } }));
const ofFields: readonly Scenario[] = [
  told("content as parts", json(message({ content: parts })), WHOLE),
  told(
    "content as parts, streamed",
    events(`${parts.map((part) => data(choice({ content: [part] }))).join("")}${data(choice({}, "stop"))}${DONE}`),
    WHOLE,
  ),
  told("thinking as one part", json(message({ content: [{ type: "reasoning", text: THINKING }, ANSWER] })), WHOLE),
  told(
    "content of a part that cannot be read",
    json(message({ content: [{ type: "image_url", image_url: {} }] })),
    failed("E_SERVER_ANSWER", /choices\[0\]\.message\.content\[0\]\.type is "image_url"/, false),
  ),
  told(
    "content that is a number",
    json(message({ content: 7 })),
    failed("E_SERVER_ANSWER", /choices\[0\]\.message\.content is 7/, false),
  ),
  told("thinking under the other name", json(message({ content: ANSWER, reasoning: THINKING })), WHOLE),
  told(
    "thinking under both names, one empty",
    json(message({ content: ANSWER, reasoning_content: "", reasoning: THINKING })),
    WHOLE,
  ),
  told("thinking under both names", json(message({ ...both, reasoning: THINKING })), WHOLE),
  told("thinking alone", json(message({ content: null, reasoning_content: THINKING })), {
    state: "unclosed",
    thinking: THINKING,
    response: "",
  }),
  told(
    "a refusal in its own field",
    json(message({ content: null, refusal: ANSWER, reasoning_content: THINKING })),
    WHOLE,
  ),
  told(
    "no message",
    json({ choices: [{ index: 0, finish_reason: "stop" }] }),
    failed("E_SERVER_ANSWER", /choices\[0\]\.message is missing/, false),
  ),
  told(
    "a tool call that says stop",
    json(message({ ...both, tool_calls: [{ id: "a" }] })),
    failed("E_SERVER_FINISH", /tool/, false),
  ),
  told(
    "usage of texts",
    json(message(both, "stop", { usage: { prompt_tokens: "5", completion_tokens: " 9.0 " } })),
    WHOLE,
  ),
  told("usage of nulls", noCount(null), WHOLE),
  told("usage of null", json(message(both, "stop", { usage: null })), WHOLE),
  told("usage of half a token", noCount(9.5), failed("E_SERVER_ANSWER", /usage\.completion_tokens is 9\.5/, false)),
  told("usage of words", noCount("many"), failed("E_SERVER_ANSWER", /usage\.completion_tokens is "many"/, false)),
  told("choices that are none", json({ choices: [] }), failed("E_SERVER_ANSWER", /no choices/, true)),
  told(
    "the first choice in the second place",
    json({ choices: [{ index: 1, message: { content: "else" }, finish_reason: "stop" }, ...message(both).choices] }),
    WHOLE,
  ),
];

export const scenarios: readonly Scenario[] = [...ofFinishes, ...ofErrors, ...ofStreams, ...ofFields];
