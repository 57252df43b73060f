/** What a user may say about chat and thinking, as config fields: every stage that renders prompts takes these. */
import * as Schema from "effect/Schema";
import { KNOWN_FORMAT_NAMES } from "./known-formats.ts";

const marker = Schema.String.check(Schema.isMinLength(1));

export const chatFields = {
  system: Schema.optionalKey(Schema.String.annotate({ description: "System prompt; default: the template's own" })),
  templateVars: Schema.optionalKey(
    Schema.Record(Schema.String, Schema.Union([Schema.String, Schema.Finite, Schema.Boolean])).annotate({
      description: "Variables of the chat template, e.g. { enable_thinking: false }",
    }),
  ),
  reasoning: Schema.optionalKey(
    Schema.Union([
      Schema.Literal("none"),
      Schema.Literals(KNOWN_FORMAT_NAMES),
      Schema.Struct({
        open: Schema.optionalKey(marker.annotate({ description: "Marker before the thinking, e.g. <think>" })),
        close: Schema.optionalKey(marker.annotate({ description: "Marker after it, e.g. </think>" })),
        format: Schema.optionalKey(
          Schema.Literals(KNOWN_FORMAT_NAMES).annotate({ description: "A known format instead of open and close" }),
        ),
        opened: Schema.optionalKey(
          Schema.Boolean.annotate({ description: "The prompt ends in the thinking; default: as it is rendered" }),
        ),
        closed: Schema.optionalKey(
          Schema.Boolean.annotate({
            description: "The prompt ends behind the thinking, the model answers at once; default: as it is rendered",
          }),
        ),
      }).check(
        Schema.makeFilter(({ open, close, format }) => {
          if ((open === undefined) !== (close === undefined)) return "open and close go together";
          return open !== undefined && format !== undefined ? "give open and close, or format, not both" : undefined;
        }),
      ),
    ]).annotate({
      description: `Markers around the thinking, a known format by name (${KNOWN_FORMAT_NAMES.join(", ")}), or none for a model that only answers; default: by the chat template`,
    }),
  ),
  bos: Schema.optionalKey(
    Schema.Literals(["auto", "once", "asis"]).annotate({
      description:
        "Beginning-of-sequence token: auto and asis where the template writes it, as transformers does; once always",
    }),
  ),
};

const chat = Schema.Struct(chatFields);
/** Config of stages that render prompts; all of it has defaults. */
export type ChatOptions = typeof chat.Type;
