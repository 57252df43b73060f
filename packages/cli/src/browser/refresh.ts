/** Puts a new version of this page in place of the old one; what one has chosen, opened, written and scrolled stays. */

export const refresh = async (): Promise<void> => {
  const answer = await fetch(location.href).catch(() => undefined);
  if (answer === undefined || !answer.ok) return;
  const next = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("main");
  const main = document.getElementById("main");
  if (next === null || main === null) return;
  const kept = fields(main).map((field) => [nameOf(field), field] as const);
  const open = [...main.querySelectorAll<HTMLElement>("li[data-node]:has(details[open])")].map((li) => li.id);
  const focused = document.activeElement instanceof HTMLInputElement ? nameOf(document.activeElement) : "";
  main.replaceChildren(...next.childNodes);
  const fresh = new Map(fields(main).map((field) => [nameOf(field), field]));
  for (const [name, old] of kept) {
    const field = fresh.get(name);
    if (field === undefined) continue;
    field.checked = old.checked;
    if (field.type === "search") field.value = old.value;
  }
  for (const id of open) {
    const details = document.getElementById(id)?.querySelector("details");
    if (details) details.open = true;
  }
  fresh.get(focused)?.focus({ preventScroll: true });
};

const fields = (main: HTMLElement): ReadonlyArray<HTMLInputElement> => [...main.querySelectorAll("input")];
const nameOf = ({ name, type, value }: HTMLInputElement): string => (type === "search" ? "search" : `${name}=${value}`);
