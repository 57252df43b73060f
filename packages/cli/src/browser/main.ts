/**
 * What moves on the viewer's pages. They are complete without it; with it they follow what happens. Text from the server is
 * only ever set as text; a page is replaced by the same page, made anew.
 */
import { startChoice } from "./choice.ts";
import { startFilter } from "./filter.ts";
import { follow } from "./follow.ts";
import { startRun } from "./run.ts";

const start = (): void => {
  startFilter();
  startChoice();
  startRun(start);
};

start();
if (location.pathname === "/") follow("/changes", start);
// a link to a node opens it
const openTarget = (): void => {
  const target = document.getElementById(location.hash.slice(1));
  const details = target?.querySelector("details");
  if (details) details.open = true;
};
addEventListener("hashchange", openTarget);
openTarget();
