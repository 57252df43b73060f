/**
 * The pages as a static site: every link of the Markdown resolved to a file of the site, or the build fails. Other Markdown
 * pages are pages, pictures are copied, and what else a page links to (sources, pipelines) is shown as text.
 *
 * Built with marked, which has no dependencies, where VitePress would bring Vue, a second bundler and some 100 packages.
 */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, posix, relative } from "node:path";
import { Marked, type Tokens } from "marked";
import { type Page, root, siteFile } from "./pages.ts";
import { Slugs } from "./slug.ts";
import { escapeHtml, frame, type NavSection } from "./template.ts";

export interface Site {
  /** File of the site → its content. */
  readonly files: ReadonlyMap<string, string | Uint8Array>;
  /** Links that lead nowhere, as `page: link`. */
  readonly dead: ReadonlyArray<string>;
}

const pictures = /\.(svg|png|jpg|webp)$/;

/** One heading of the site as the search knows it. */
interface SearchEntry {
  /** Heading. */
  readonly t: string;
  /** Title of its page; empty for the page itself. */
  readonly p: string;
  readonly u: string;
  /** Text below it, up to the next heading. */
  readonly x: string;
}

/** The text under each heading of a page, in their order, without marks; what stands before the first belongs to it. */
const sectionTexts = (markdown: string): ReadonlyArray<string> => {
  const texts: string[] = [];
  let early = "";
  for (const token of new Marked({ gfm: true }).lexer(markdown)) {
    if (token.type === "heading") texts.push(texts.length === 0 ? early : "");
    else if (texts.length === 0) early += ` ${plainText(token.raw)}`;
    else texts[texts.length - 1] += ` ${plainText(token.raw)}`;
  }
  return texts.map((text) => text.replace(/\s+/g, " ").trim());
};

const plainText = (raw: string): string =>
  raw
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, "$1")
    .replace(/[`*|]|^[#>-]+\s/gm, " ")
    .replace(/-{3,}/g, " ");

class Build {
  readonly files = new Map<string, string | Uint8Array>();
  readonly dead: string[] = [];
  /** Ids that a page of the site has. */
  readonly #ids = new Map<string, Set<string>>();
  readonly #anchors: Array<{ readonly from: string; readonly link: string; readonly to: string; readonly id: string }> =
    [];
  readonly #pages: ReadonlyArray<Page>;
  readonly #paths: ReadonlySet<string>;
  readonly #nav: ReadonlyArray<NavSection>;
  readonly #search: SearchEntry[] = [];

  constructor(pages: ReadonlyArray<Page>) {
    this.#pages = pages;
    this.#paths = new Set(pages.map(({ path }) => path));
    const sections = Map.groupBy(pages, ({ section }) => section);
    this.#nav = [...sections].map(([title, own]) => ({
      title,
      links: own.map((page) => ({ title: page.title, file: siteFile(page.path) })),
    }));
  }

  run(): Site {
    for (const page of this.#pages) this.#page(page);
    for (const { from, link, to, id } of this.#anchors)
      if (this.#ids.get(to)?.has(id) === false) this.dead.push(`${from}: ${link}`);
    this.files.set("search.js", `window.precipiceDocs(${JSON.stringify(this.#search)});\n`);
    return { files: this.files, dead: this.dead };
  }

  #page({ path, title, markdown }: Page): void {
    const file = siteFile(path);
    const slugs = new Slugs();
    const ids = new Set<string>();
    this.#ids.set(file, ids);
    const search = this.#search;
    const href = (link: string) => this.#resolve(path, file, link);
    const renderer = new Marked({ gfm: true });
    renderer.use({
      renderer: {
        heading({ tokens, depth }: Tokens.Heading) {
          const html = this.parser.parseInline(tokens);
          const plain = html.replace(/<[^>]+>/g, "");
          const id = slugs.of(
            tokens
              .map(({ raw }) => raw)
              .join("")
              .replace(/\[([^\]]*)\]\([^)]*\)|`/g, "$1"),
          );
          ids.add(id);
          search.push({ t: plain, p: depth === 1 ? "" : title, u: depth === 1 ? file : `${file}#${id}`, x: "" });
          return `<h${depth} id="${id}">${html} <a class="anchor" href="#${id}" aria-label="Link to this section">#</a></h${depth}>\n`;
        },
        link({ href: to, title: tip, tokens }: Tokens.Link) {
          const tipped = tip ? ` title="${escapeHtml(tip)}"` : "";
          return `<a href="${escapeHtml(href(to))}"${tipped}>${this.parser.parseInline(tokens)}</a>`;
        },
        image({ href: to, text }: Tokens.Image) {
          return `<img src="${escapeHtml(href(to))}" alt="${escapeHtml(text)}" loading="lazy">`;
        },
        code({ text, lang }: Tokens.Code) {
          const [language = ""] = (lang ?? "").split(" ");
          return `<pre tabindex="0"><code class="${escapeHtml(language)}">${escapeHtml(text)}\n</code></pre>\n`;
        },
        table(token: Tokens.Table) {
          const cells = (row: ReadonlyArray<Tokens.TableCell>, tag: string) =>
            `<tr>${row.map((cell) => `<${tag}>${this.parser.parseInline(cell.tokens)}</${tag}>`).join("")}</tr>`;
          return `<div class="table" tabindex="0"><table><thead>${cells(token.header, "th")}</thead><tbody>${token.rows.map((row) => cells(row, "td")).join("\n")}</tbody></table></div>\n`;
        },
      },
    });
    const before = search.length;
    const body = renderer.parse(markdown, { async: false });
    // what stands under each heading, in the order of the headings
    const texts = sectionTexts(markdown);
    if (texts.length !== search.length - before) throw new Error(`${path}: a heading stands inside another block`);
    texts.forEach((text, i) => {
      search[before + i] = { ...(search[before + i] as SearchEntry), x: text };
    });
    this.files.set(file, frame({ title, body, file, nav: this.#nav, source: path }));
  }

  /** What a link of the Markdown page `path` is on the site. */
  #resolve(path: string, file: string, link: string): string {
    if (/^[a-z]+:/.test(link)) return link;
    const [to = "", id] = link.split("#");
    const target =
      to === "" ? path : posix.normalize(posix.join(posix.dirname(path), decodeURI(to))).replace(/\/$/, "");
    const found = target.startsWith("..") ? undefined : this.#file(target);
    if (found === undefined) {
      this.dead.push(`${path}: ${link}`);
      return link;
    }
    if (id !== undefined && id !== "") this.#anchors.push({ from: path, link, to: found, id });
    const away = posix.relative(posix.dirname(file), found) || posix.basename(found);
    return id === undefined ? away : `${away}#${id}`;
  }

  /** The site's file for a path of the repository, made where it is none of the pages. */
  #file(path: string): string | undefined {
    if (this.#paths.has(path)) return siteFile(path);
    if (this.#paths.has(`${path}/README.md`)) return siteFile(`${path}/README.md`);
    const at = join(root, path);
    if (!existsSync(at)) return undefined;
    if (statSync(at).isDirectory()) return this.#listing(path);
    if (pictures.test(path)) {
      this.files.set(path, readFileSync(at));
      return path;
    }
    const file = `source/${path}.html`;
    if (!this.files.has(file)) {
      const body = `<h1>${escapeHtml(path)}</h1>\n<pre tabindex="0"><code>${escapeHtml(readFileSync(at, "utf8"))}</code></pre>\n`;
      this.files.set(file, frame({ title: path, body, file, nav: this.#nav, source: path }));
    }
    return file;
  }

  /** A folder without a README: what is in it. */
  #listing(path: string): string {
    const file = `${path}/index.html`;
    if (!this.files.has(file)) {
      this.files.set(file, ""); // a folder may lead back here
      const items = readdirSync(join(root, path)).map((name) => {
        const page = this.#pages.find((own) => own.path === `${path}/${name}`);
        const to = this.#file(`${path}/${name}`) as string;
        return `<li><a href="${escapeHtml(posix.relative(dirname(file), to))}">${escapeHtml(page?.title ?? name)}</a></li>`;
      });
      const body = `<h1>${escapeHtml(path)}</h1>\n<ul>\n${items.join("\n")}\n</ul>\n`;
      this.files.set(
        file,
        frame({ title: path, body, file, nav: this.#nav, source: relative(root, join(root, path)) }),
      );
    }
    return file;
  }
}

export const buildSite = (pages: ReadonlyArray<Page>): Site => new Build(pages).run();
