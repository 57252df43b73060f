/** Whether checkpoints and data sets of a hub can be had. Everything else needs no network. */
import type { HubSettings } from "@precipice/model";
import type { Check } from "./check.ts";

const REACH_MS = 4000;

/** Asks for the hub's first page, without the token. */
export async function networkCheck({ endpoint, offline }: Pick<HubSettings, "endpoint" | "offline">): Promise<Check> {
  const name = "network";
  if (offline) {
    const remedy = "HF_HUB_OFFLINE is set: hf://… opens what is cached; unset it to fetch more.";
    return { name, status: "ok", found: "off, as asked", remedy };
  }
  try {
    const { status } = await fetch(endpoint, { method: "HEAD", signal: AbortSignal.timeout(REACH_MS) });
    return { name, status: "ok", found: `${endpoint} answers (HTTP ${status})` };
  } catch (error) {
    const { code, message } = causeOf(error);
    const remedy = "Only hf://… needs it: use a folder or organism://…, or name a mirror in HF_ENDPOINT.";
    return { name, status: "note", found: `${endpoint} cannot be reached: ${code ?? message}`, remedy };
  }
}

/** Never the token itself. */
export const tokenCheck = ({ token }: Pick<HubSettings, "token">): Check =>
  token === undefined
    ? { name: "hub token", status: "ok", found: "none", remedy: "Gated checkpoints and data sets need HF_TOKEN." }
    : { name: "hub token", status: "ok", found: "set" };

/** `fetch` hides what happened in the cause of its error. */
const causeOf = (error: unknown): { readonly code?: string; readonly message: string } =>
  error instanceof Error && error.cause instanceof Error ? causeOf(error.cause) : (error as Error & { code?: string });
