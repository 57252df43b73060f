/** The text of a turn in a column that holds a chat. */
import { failFile } from "./row.ts";

export type Role = "user" | "assistant";
const ROLES: { readonly [name: string]: Role } = {
  user: "user",
  human: "user",
  assistant: "assistant",
  gpt: "assistant",
};

type Item = Record<string, unknown> | string | null;

/**
 * The first turn of a role: `{ role, content }` as OpenAI and TRL write chats, or `{ from, value }` as ShareGPT does. A content is text
 * or a list of parts; a list of parts alone is a text too. Fails, at `where`, without such a turn and for parts that are no text.
 */
export const chatText = (chat: ReadonlyArray<unknown>, role: Role, where: string): string => {
  if (chat.length > 0 && (chat as ReadonlyArray<Item>).every(isPart)) return partsText(chat, where);
  for (const turn of chat as ReadonlyArray<Record<string, unknown> | null>) {
    const who = String(turn?.["role"] ?? turn?.["from"] ?? "").toLowerCase();
    const said = turn?.["content"] ?? turn?.["value"];
    if (!Object.hasOwn(ROLES, who) || ROLES[who] !== role) continue;
    if (typeof said === "string") return said;
    if (Array.isArray(said)) return partsText(said, where);
  }
  return failFile(
    `${where} is a list without a turn of the ${role}`,
    'A chat is a list of { role, content } or { from, value } with roles "user" and "assistant"',
  );
};

const TEXTS: ReadonlyArray<unknown> = [undefined, null, "text", "input_text", "output_text"];
const THOUGHTS: ReadonlyArray<unknown> = ["thinking", "reasoning", "redacted_thinking"];

const isPart = (item: Item): boolean =>
  item !== null &&
  typeof item === "object" &&
  item["role"] === undefined &&
  item["from"] === undefined &&
  "type" in item;

/** The texts of `[{ type: "text", text }]` one after the other, as chat templates write them; thinking is left out. */
const partsText = (parts: ReadonlyArray<unknown>, where: string): string =>
  (parts as ReadonlyArray<Item>)
    .map((part) => {
      if (typeof part === "string") return part;
      if (THOUGHTS.includes(part?.["type"])) return "";
      if (TEXTS.includes(part?.["type"]) && typeof part?.["text"] === "string") return part["text"];
      return failFile(
        `${where} holds a part of type ${JSON.stringify(part?.["type"] ?? null)}, which is no text`,
        'Leave such rows out with "where"; a part is { type: "text", text: "…" }',
      );
    })
    .join("");
