/**
 * Builds the playground page, or builds and shows it:
 *
 *     npx nx run playground:build
 *     npx nx run playground:serve
 *
 *   --model cliff|aligned|drifted   the organism (default: cliff)
 *   --out FOLDER                    where to (default: dist/playground)
 *   --root FOLDER                   store of the study behind it (default: dist/playground-study)
 *   --port N                        serve: the port (default: 4600)
 */
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { buildPlayground } from "./build.ts";
import { servePage } from "./serve.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    model: { type: "string" },
    out: { type: "string", default: "dist/playground" },
    root: { type: "string", default: "dist/playground-study" },
    port: { type: "string", default: "4600" },
  },
});
const [command = "build"] = positionals;
if (!["build", "serve"].includes(command)) {
  console.error(`build or serve, not "${command}"`);
  process.exit(2);
}

const { out, files } = await buildPlayground({
  out: resolve(values.out),
  root: resolve(values.root),
  log: (line) => console.log(line),
  ...(values.model === undefined ? {} : { model: values.model }),
});
for (const { name, bytes } of files) console.log(`${(bytes / 1e6).toFixed(2).padStart(7)} MB  ${name}`);
console.log(out);
if (command === "serve") {
  const { url } = await servePage(out, { port: Number(values.port) });
  console.log(`${url} (Ctrl-C ends it)`);
}
