/**
 * A chart before it knows where it stands: a size, a body in SVG and the words a screen reader says. The page
 * puts it inline; `standalone` makes an SVG file of it that carries its own colours for light and dark.
 */
import { type Markup, markup, trusted } from "./markup.ts";
import { paperColours, standaloneStyle } from "./palette.ts";

export interface Picture {
  /** Size of the viewBox in px; the page scales it to the column. */
  readonly width: number;
  readonly height: number;
  /** Read aloud in place of the chart. */
  readonly label: string;
  readonly body: Markup;
}

/** `<svg>` for the page; colours come from its style sheet. `group` where parts of it can be chosen. */
export const inline = (picture: Picture, role: "img" | "group" = "img"): Markup =>
  markup`<svg class="chart" viewBox="0 0 ${picture.width} ${picture.height}" role="${role}" aria-label="${picture.label}">${picture.body}</svg>`;

/** Sets pictures side by side, or one under the other, as one picture. */
export const combine = (
  pictures: ReadonlyArray<Picture>,
  direction: "row" | "column",
  label: string,
  gap = 24,
): Picture => {
  let at = 0;
  const body = pictures.map((p) => {
    const [x, y] = direction === "row" ? [at, 0] : [0, at];
    at += (direction === "row" ? p.width : p.height) + gap;
    return markup`<g transform="translate(${x} ${y})">${p.body}</g>`;
  });
  const length = Math.max(0, at - gap);
  const across = Math.max(0, ...pictures.map((p) => (direction === "row" ? p.height : p.width)));
  return {
    width: direction === "row" ? length : across,
    height: direction === "row" ? across : length,
    label,
    body: markup`${body}`,
  };
};

/**
 * A whole SVG document: own colours, a background and a title. The colours are written out, so that LaTeX, Word and
 * converters draw them as a browser does; on a dark screen a browser takes the dark ones.
 */
export const standalone = (picture: Picture, title: string): string => {
  const margin = 20;
  const head = 34;
  const width = picture.width + 2 * margin;
  const height = picture.height + 2 * margin + head;
  return markup`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${picture.label}"><title>${title}</title><style>${trusted(standaloneStyle())}</style><rect class="paper" width="${width}" height="${height}"/><text class="figure-title" x="${margin}" y="${margin + 15}">${title}</text><g transform="translate(${margin} ${margin + head})">${trusted(paperColours(picture.body.text))}</g></svg>
`.text;
};
