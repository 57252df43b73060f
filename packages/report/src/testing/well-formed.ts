/**
 * Checks that a text is well-formed XML, as far as SVG written here can go wrong: one root, tags that match,
 * attributes quoted and not repeated, no bare `&` or `<`, no character that XML forbids.
 */

const name = "[A-Za-z][\\w:.-]*";
const tag = new RegExp(`^<(/?)(${name})((?:\\s+${name}="[^"<]*")*)\\s*(/?)>`);

/** The first fault, or null. */
export const xmlFault = (xml: string): string | null => {
  const control = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Surrogate}/u.exec(xml);
  if (control !== null) return `forbidden character at ${control.index}`;
  const entity = /&(?!(?:amp|lt|gt|quot|apos|#\d+|#x[\da-f]+);)/.exec(xml);
  if (entity !== null) return `bare & at ${entity.index}`;
  const open: string[] = [];
  let roots = 0;
  let at = 0;
  while (at < xml.length) {
    const next = xml.indexOf("<", at);
    const text = xml.slice(at, next < 0 ? undefined : next);
    if (open.length === 0 && text.trim() !== "") return `text outside the root: ${text.slice(0, 40)}`;
    if (next < 0) break;
    const found = tag.exec(xml.slice(next, next + 200_000));
    if (found === null) return `bad tag: ${xml.slice(next, next + 80)}`;
    const [whole, closing, element = "", attributes = "", selfClosing] = found;
    const names = [...attributes.matchAll(new RegExp(`(${name})="`, "g"))].map((m) => m[1]);
    if (new Set(names).size !== names.length) return `repeated attribute: ${whole}`;
    if (closing === "/") {
      const opened = open.pop();
      if (opened !== element) return `</${element}> closes <${opened}>`;
    } else {
      if (open.length === 0) roots++;
      if (selfClosing !== "/") open.push(element);
    }
    at = next + whole.length;
  }
  if (open.length > 0) return `<${open.at(-1)}> is never closed`;
  return roots === 1 ? null : `${roots} roots`;
};
