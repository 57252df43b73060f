/** Puts a built site into a folder, in place of what was there. */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Site } from "./site.ts";
import { script, style } from "./template.ts";

export function writeSite({ files }: Site, to: string): void {
  rmSync(to, { recursive: true, force: true });
  for (const [file, content] of [...files, ["style.css", style] as const, ["page.js", script] as const]) {
    mkdirSync(dirname(join(to, file)), { recursive: true });
    writeFileSync(join(to, file), content);
  }
}
