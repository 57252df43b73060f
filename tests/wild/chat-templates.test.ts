/**
 * Chat templates as transformers renders them: constructs of Jinja2 with the text that it makes of them, recorded with
 * `tools/record-chat-templates.py`. What is not supported is refused by its name.
 */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { ChatTemplate, CheckpointError } from "@precipice/model";
import { tempFolder, writeFiles } from "../support/checkpoint-folder.ts";
