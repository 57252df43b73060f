/** The shape that all sections share: a heading, a lead, figures with captions. */
import { type Markup, markup, type Part } from "./markup.ts";
import { inline, type Picture } from "./picture.ts";

export const section = (id: string, title: string, lead: Part, content: Part): Markup =>
  markup`<section id="${id}"><h2>${title}</h2>${lead && markup`<p class="lead">${lead}</p>`}${content}</section>`;

/** Pictures beside each other where the page is wide enough, numbered by the style sheet, with a caption below. */
export const figure = (pictures: ReadonlyArray<Picture | null>, caption: Part): Markup =>
  markup`<figure><div class="panels">${pictures.map((p) => p && inline(p))}</div><figcaption>${caption}</figcaption></figure>`;
