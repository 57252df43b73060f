/**
 * Colours, once, as CSS custom properties for light and dark. Series colours are Okabe and Ito's set, which stays
 * distinct with every common colour-vision deficiency, darkened or lightened until it reads on the background.
 * Two meanings hold on the whole page: blue is refusal, vermilion is what suppresses it.
 */

const light: Readonly<Record<string, string>> = {
  ...{ paper: "#fffffc", ink: "#1c1f23", soft: "#565d66", faint: "#6b747f", rule: "#dfe2e6", wash: "#f4f5f3" },
  ...{ shade: "#eceeea", s0: "#0067a8", s1: "#c44e00", s2: "#00805f", s3: "#a9508c", s4: "#8a6d00", s5: "#2b8cc4" },
  ...{ s6: "#5b5f97", s7: "#6b6b6b", refusal: "#0067a8", suppress: "#c44e00", seq: "#4f9bd6" },
};

const dark: Readonly<Record<string, string>> = {
  ...{ paper: "#15181c", ink: "#e7e9ea", soft: "#aab1b9", faint: "#7c858f", rule: "#30363d", wash: "#1c2025" },
  ...{ shade: "#23282e", s0: "#62b3ec", s1: "#ff9350", s2: "#4cc9a3", s3: "#e39aca", s4: "#e2c044", s5: "#9ad4f5" },
  ...{ s6: "#aeb2ee", s7: "#b5b5b5", refusal: "#62b3ec", suppress: "#ff9350", seq: "#2f78b3" },
};

const properties = (colours: Readonly<Record<string, string>>): string =>
  Object.entries(colours)
    .map(([name, colour]) => `--${name}:${colour};`)
    .join("");

const onDarkScreens = "@media screen and (prefers-color-scheme:dark)";

/** How many series have a colour of their own. */
export const seriesColours = 8;

/** The custom properties on the page's root; print is always light. */
export const palette = (): string =>
  `:root{color-scheme:light dark;${properties(light)}}${onDarkScreens}{:root{${properties(dark)}}}`;

const colour = (colours: Readonly<Record<string, string>>, name: string): string => {
  const found = colours[name];
  if (found === undefined) throw new RangeError(`the palette has no colour "${name}"`);
  return found;
};

const styleIn = (colours: Readonly<Record<string, string>>): string =>
  svgStyle.replace(/var\(--([\w-]+)\)/g, (_, name: string) => colour(colours, name));

/**
 * SVG with the colours of its marks written out as they are on paper. Outside browsers few programs know custom
 * properties: what they cannot resolve they draw black. Only `fill` and `stroke` are touched, never text.
 */
export const paperColours = (svg: string): string =>
  svg.replace(
    / (fill|stroke)="var\(--([\w-]+)\)"/g,
    (_, property: string, name: string) => ` ${property}="${colour(light, name)}"`,
  );

/** The style sheet of a standalone file, drawn with {@link paperColours}; dark screens get the dark colours. */
export const standaloneStyle = (): string => {
  const attributes = Object.entries(light).map(([name, colour]) =>
    ["fill", "stroke"].map((property) => `[${property}="${colour}"]{${property}:${dark[name]}}`).join(""),
  );
  return `${styleIn(light)}${onDarkScreens}{${styleIn(dark)}${[...new Set(attributes)].join("")}}`;
};

const seriesRules = Array.from({ length: seriesColours }, (_, i) => `.s${i}{color:var(--s${i})}`).join("");

/** Rules for everything inside a chart; used by the page and by standalone files. */
export const svgStyle = `${seriesRules}
text{font-family:ui-sans-serif,system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;font-size:12px;fill:var(--soft);font-variant-numeric:tabular-nums}
.paper{fill:var(--paper)}.figure-title{font-size:15px;font-weight:600;fill:var(--ink)}
.panel-title{font-size:13px;font-weight:600;fill:var(--ink)}.name{fill:var(--ink)}.strong{fill:var(--ink);font-weight:600}.small{font-size:11px}.quiet{fill:var(--faint)}
.series-name{font-weight:600;fill:currentColor}.halo{paint-order:stroke;stroke:var(--paper);stroke-width:3.5px;stroke-linejoin:round}
.end{text-anchor:end}.mid{text-anchor:middle}
.grid{stroke:var(--rule);stroke-width:1;fill:none}.axis{stroke:var(--faint);stroke-width:1;fill:none}.mark{stroke:var(--soft);stroke-width:1;stroke-dasharray:2 3;fill:none}
.shade{fill:var(--shade)}.wash{fill:var(--wash)}
.line{fill:none;stroke:currentColor;stroke-width:2;stroke-linejoin:round;stroke-linecap:round}.thin{stroke-width:1.25}.band{fill:currentColor;opacity:.17}.dot{fill:currentColor}.hollow{fill:var(--paper);stroke:currentColor;stroke-width:2}.whisker{stroke:currentColor;stroke-width:2;fill:none}
.bar{fill:currentColor;opacity:.75}
.refusal{color:var(--refusal)}.suppress{color:var(--suppress)}.ink{color:var(--ink)}.muted{color:var(--faint)}.soft{color:var(--soft)}
.cell{fill:currentColor}.planted{fill:none;stroke:var(--ink);stroke-width:1.5}
.hit{fill:none;pointer-events:all}
.plot text{fill:var(--soft)}.plot .name,.plot .strong{fill:var(--ink)}.plot .series-name{fill:currentColor}.plot .quiet{fill:var(--faint)}.plot g[aria-label$="-axis tick"]{color:var(--faint)}.plot g[aria-label$="-grid"]{color:var(--rule);stroke-opacity:1}
.lead-line{fill:none;stroke:currentColor;stroke-width:1;stroke-dasharray:1 3;opacity:.7}`;
