/**
 * The only script of the page: a tooltip for `data-tip` elements and for tokens. It reads attributes and writes
 * `textContent`, never HTML. The page's Content-Security-Policy allows this very text by its hash and nothing else.
 */
import { createHash } from "node:crypto";

export const pageScript = `(() => {
const tip = document.getElementById("tip");
const show = (event) => {
  const target = event.target instanceof Element ? event.target.closest("[data-tip],.tokens i") : null;
  if (target === null) { tip.hidden = true; return; }
  const told = target.getAttribute("data-tip");
  const score = target.style.getPropertyValue("--a");
  tip.textContent = (told ?? (score === "" ? "not scored" : "refusal score " + Number(score).toFixed(3))).split(" | ").join("\\n");
  tip.hidden = false;
  const box = tip.getBoundingClientRect();
  const left = Math.min(event.clientX + 14, innerWidth - box.width - 8);
  const below = event.clientY + 18;
  tip.style.left = Math.max(8, left) + "px";
  tip.style.top = (below + box.height > innerHeight ? event.clientY - box.height - 12 : below) + "px";
};
document.addEventListener("pointermove", show);
document.addEventListener("pointerdown", show);
document.addEventListener("scroll", () => { tip.hidden = true; }, { passive: true });
})();`;

/** Nothing may load, connect or run except this style and this script. */
export const contentSecurityPolicy = `default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-${createHash("sha256").update(pageScript).digest("base64")}'; base-uri 'none'; form-action 'none'`;
