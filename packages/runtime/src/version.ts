/** Version of this package, recorded in artifacts and runs. */
import { readFileSync } from "node:fs";

const manifest = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as { version: string };

/** What produced a result. */
export const versions: { readonly [name: string]: string } = {
  precipice: manifest.version,
  node: process.versions.node,
};
