/** A published page of a run below the viewer's bar, in a frame that cannot reach the viewer. */
import { markup } from "@precipice/report/html";
import { address } from "./route.ts";
import { shell } from "./shell.ts";

export const reportPage = (id: string, pipeline: string, file: string): string =>
  shell({
    title: `${file} of ${pipeline} ${id} · Precipice`,
    trail: [{ name: pipeline, href: address.run(id) }, { name: file }],
    kind: "full",
    main: markup`<h1 class="sr">${file} of ${id}</h1><iframe class="frame" sandbox="allow-scripts allow-downloads" title="${file} of ${id}" src="${address.file(id, file)}"></iframe>`,
  });
