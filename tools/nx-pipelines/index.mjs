// Nx plugin: every file in pipelines/ is a target of project "pipelines", so that `npx nx run pipelines:NAME` runs it.
import { basename } from "node:path";

/** The target of a pipeline file: its path without folder and extension, `/` as `-`. */
export function targetOf(file) {
  const name = file
    .replace(/\\/g, "/")
    .replace(/^pipelines\//, "")
    .replace(/\.ya?ml$/, "")
    .replaceAll("/", "-");
  return [
    name,
    {
      executor: "nx:run-commands",
      // The store caches results by content; nx would only cache the text of a run.
      cache: false,
      options: { command: `node packages/cli/bin/precipice.mjs run ${file}`, cwd: "{workspaceRoot}" },
      metadata: { description: `Run ${basename(file)}` },
    },
  ];
}

export const createNodes = [
  "pipelines/**/*.yaml",
  (files) =>
    files.length === 0
      ? []
      : [
          [
            files[0],
            { projects: { pipelines: { root: "pipelines", targets: Object.fromEntries(files.map(targetOf)) } } },
          ],
        ],
];

export const createNodesV2 = createNodes;
