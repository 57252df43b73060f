/** What stands around a page of the site: navigation, search, colours for light and dark. No request leaves the folder. */
import { posix } from "node:path";

export interface NavSection {
  readonly title: string;
  readonly links: ReadonlyArray<{ readonly title: string; readonly file: string }>;
}

export interface Framed {
  readonly title: string;
  /** HTML. */
  readonly body: string;
  /** Where it lies in the site. */
  readonly file: string;
  readonly nav: ReadonlyArray<NavSection>;
  /** Path of the source in the repository. */
  readonly source: string;
}

export const escapeHtml = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");

export function frame({ title, body, file, nav, source }: Framed): string {
  const up = posix.relative(posix.dirname(file), ".") || ".";
  const away = (to: string) => posix.relative(posix.dirname(file), to);
  const sections = nav.map(({ title: heading, links }) => {
    const here = links.some((link) => link.file === file);
    const items = links.map(
      (link) =>
        `<li><a href="${escapeHtml(away(link.file))}"${link.file === file ? ' aria-current="page"' : ""}>${escapeHtml(link.title)}</a></li>`,
    );
    const open = here || heading === "Guides" ? " open" : "";
    return `<details${open}><summary>${escapeHtml(heading)}</summary><ul>${items.join("")}</ul></details>`;
  });
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(title)} · Precipice</title>
<link rel="stylesheet" href="${up}/style.css">
<script src="${up}/page.js" data-up="${up}" defer></script>
</head>
<body>
<a class="skip" href="#content">To the content</a>
<header><a class="home" href="${away("index.html")}">Precipice</a><label>Search <input type="search" id="search" autocomplete="off" placeholder="press /"></label></header>
<ul id="found" aria-live="polite" hidden></ul>
<div class="columns">
<nav aria-label="Pages"><details class="menu" open><summary>Pages</summary>${sections.join("")}</details></nav>
<main id="content">
${body}<footer>${escapeHtml(source)}</footer>
</main>
</div>
</body>
</html>
`;
}

export const style = `:root{color-scheme:light dark;--paper:#fffffc;--ink:#1c1f23;--soft:#565d66;--rule:#dfe2e6;--wash:#f4f5f3;--link:#0067a8}
@media (prefers-color-scheme:dark){:root{--paper:#15181c;--ink:#e7e9ea;--soft:#aab1b9;--rule:#30363d;--wash:#1c2025;--link:#62b3ec}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.6 ui-sans-serif,system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
a{color:var(--link);text-underline-offset:.15em}a:focus-visible,summary:focus-visible,input:focus-visible,pre:focus-visible,.table:focus-visible{outline:2px solid var(--link);outline-offset:2px}
.skip{position:absolute;left:-999px}.skip:focus{left:1rem;top:.5rem;background:var(--paper);padding:.25rem .5rem;z-index:2}
header{display:flex;gap:1rem;align-items:center;justify-content:space-between;padding:.6rem 1.25rem;border-bottom:1px solid var(--rule)}
.home{font-weight:700;color:var(--ink);text-decoration:none}
header label{font-size:.85rem;color:var(--soft)}
input{font:inherit;padding:.2rem .5rem;width:12rem;max-width:40vw;border:1px solid var(--rule);border-radius:.35rem;background:var(--wash);color:var(--ink)}
#found{margin:0;padding:.5rem 1.25rem;list-style:none;border-bottom:1px solid var(--rule);background:var(--wash);max-height:60vh;overflow:auto}
#found small{color:var(--soft)}
.columns{display:grid;grid-template-columns:15rem minmax(0,1fr);max-width:76rem;margin:0 auto}
nav{padding:1.25rem;font-size:.92rem;border-right:1px solid var(--rule)}
nav>.menu>summary{display:none}
nav details details{margin-bottom:.6rem}
nav summary{font-weight:600;cursor:pointer}
nav ul{margin:.2rem 0 0;padding:0 0 0 .9rem;list-style:none}
nav li a{color:var(--soft);text-decoration:none;display:block;padding:.08rem 0}nav li a:hover{color:var(--link)}
nav [aria-current]{color:var(--ink);font-weight:600}
main{padding:1rem 2rem 3rem;min-width:0}
h1,h2,h3{line-height:1.25;scroll-margin-top:1rem}h2{margin-top:2.2rem}
.anchor{opacity:0;text-decoration:none;font-weight:400}:is(h1,h2,h3,h4):hover .anchor,.anchor:focus{opacity:.6}
code{font:.88em ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;background:var(--wash);padding:.1em .25em;border-radius:.25em;overflow-wrap:anywhere}
pre{background:var(--wash);border:1px solid var(--rule);border-radius:.4rem;padding:.7rem .9rem;overflow:auto;line-height:1.45}pre code{padding:0;background:none;overflow-wrap:normal}
.table{overflow-x:auto;margin:1rem 0}table{border-collapse:collapse;font-size:.92rem}th,td{text-align:left;vertical-align:top;padding:.35rem .7rem;border-bottom:1px solid var(--rule)}td:last-child{min-width:12rem}
img{max-width:100%;height:auto}
footer{margin-top:3rem;padding-top:.6rem;border-top:1px solid var(--rule);font-size:.85rem;color:var(--soft)}
@media (max-width:48rem){.columns{display:block}nav{border-right:0;border-bottom:1px solid var(--rule);padding:.6rem 1.25rem}nav>.menu>summary{display:block}main{padding:.5rem 1.25rem 2rem}header{padding:.5rem 1.25rem}}
@media print{nav,header,#found,.anchor{display:none}.columns{display:block}}
`;

/** Search over headings and the text below them, in the page; opens the menu where there is room for it. */
export const script = `"use strict";
const up = document.currentScript.dataset.up;
const menu = document.querySelector(".menu");
const wide = matchMedia("(min-width: 48.01rem)");
const fit = () => { menu.open = wide.matches; };
fit();
wide.addEventListener("change", fit);
const field = document.getElementById("search");
const list = document.getElementById("found");
let entries;
const show = () => {
  const words = field.value.toLowerCase().split(/\\s+/).filter(Boolean);
  list.hidden = words.length === 0;
  list.replaceChildren();
  if (list.hidden || entries === undefined) return;
  const all = (text) => words.every((w) => text.toLowerCase().includes(w));
  const titled = entries.filter(({ t, p }) => all(t + " " + p));
  const inText = entries.filter((entry) => !titled.includes(entry) && all(entry.t + " " + entry.p + " " + entry.x));
  const hits = [...titled, ...inText].slice(0, 20);
  for (const { t, p, u, x } of hits) {
    const item = list.appendChild(document.createElement("li"));
    const link = item.appendChild(document.createElement("a"));
    link.href = up + "/" + u;
    link.textContent = t;
    if (p !== "") item.appendChild(document.createElement("small")).textContent = " " + p;
    const at = x.toLowerCase().indexOf(words[0]);
    if (at >= 0) {
      const piece = x.slice(Math.max(0, at - 50), at + 90);
      item.appendChild(document.createElement("small")).textContent = " … " + piece + " …";
    }
  }
  if (hits.length === 0) list.appendChild(document.createElement("li")).textContent = "Nothing found";
};
window.precipiceDocs = (found) => { entries = found; show(); };
field.addEventListener("input", () => {
  if (entries === undefined && document.getElementById("entries") === null) {
    const loader = document.createElement("script");
    loader.id = "entries";
    loader.src = up + "/search.js";
    document.head.append(loader);
  }
  show();
});
document.addEventListener("keydown", (event) => {
  if (event.key === "/" && document.activeElement !== field) { event.preventDefault(); field.focus(); }
  if (event.key === "Escape" && document.activeElement === field) { field.value = ""; show(); }
});
`;
