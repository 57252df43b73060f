/** The page around every page: heading, way back, style and script inline, and a policy that allows these two and no more. */
import { createHash } from "node:crypto";
import { type Markup, markup, type Part, palette, svgStyle, trusted } from "@precipice/report/html";
import { viewBundle } from "./view-bundle.ts";
import { viewStyle } from "./view-style.ts";

const style = [palette(), svgStyle, viewStyle].join("\n");
const hash = (text: string): string => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;

/** For the pages of the viewer itself. */
export const pagePolicy = `default-src 'none'; style-src ${hash(style)}; script-src ${hash(viewBundle)}; connect-src 'self'; img-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`;

/**
 * For files of a run, which anybody may have written: scripts may run (a report has one), but in an origin of their own, so
 * that they can read nothing here, and without a way to load or send anything.
 */
export const filePolicy =
  "sandbox allow-scripts allow-downloads; default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data: blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'";

export interface Shell {
  readonly title: string;
  /** Steps from the list of runs to here, the last one without an address. */
  readonly trail?: ReadonlyArray<{ readonly name: string; readonly href?: string }>;
  readonly main: Part;
  /** Class of the body. */
  readonly kind?: "full";
}

export const shell = ({ title, trail = [], main, kind }: Shell): string =>
  markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="/icon.svg" type="image/svg+xml">
<title>${title}</title>
<style>${trusted(style)}</style>
</head>
<body class="${kind ?? ""}">
<a class="skip" href="#main">Skip to the content</a>
<header class="topbar"><nav aria-label="Where you are"><ol><li><a class="brand" href="/">Precipice</a></li>${trail.map(
    ({ name, href }) =>
      markup`<li>${href === undefined ? markup`<span aria-current="page">${name}</span>` : markup`<a href="${href}">${name}</a>`}</li>`,
  )}</ol></nav><span id="live" role="status"></span></header>
<main id="main" tabindex="-1">${main}</main>
<script>${trusted(viewBundle)}</script>
</body>
</html>
`.text;

/** A page that says what went wrong and where to go on. */
export const problemPage = (title: string, message: string): string =>
  shell({
    title,
    main: markup`<h1>${title}</h1><p>${message}</p><p><a href="/">All runs</a></p>`,
  });

/** A cliff, as it is: a level, a fall, a level. */
export const icon = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="6" fill="#0067a8"/><path d="M4 10h13c3 0 2 13 5 13h6" fill="none" stroke="#fff" stroke-width="3.5" stroke-linecap="round"/></svg>`;

/** A heading with what stands below it; null when there is nothing to show. */
export const part = (id: string, title: string, content: Part, note?: Part): Markup =>
  markup`<section id="${id}" aria-labelledby="${id}-title"><h2 id="${id}-title">${title}</h2>${note && markup`<p class="note">${note}</p>`}${content}</section>`;
