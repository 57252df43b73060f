/** A field that hides the rows of a table that do not hold its words. */

export const startFilter = (): void => {
  for (const tools of document.querySelectorAll<HTMLElement>("[data-filter]")) {
    const rows = document.getElementById(tools.dataset["filter"] ?? "");
    const input = tools.querySelector("input");
    const told = tools.querySelector("output");
    if (rows === null || input === null) continue;
    const apply = (): void => {
      const words = input.value.toLowerCase().split(/\s+/);
      let shown = 0;
      for (const row of rows.children) {
        const hidden = !words.every((word) => (row.firstElementChild?.textContent ?? "").toLowerCase().includes(word));
        (row as HTMLElement).hidden = hidden;
        if (!hidden) shown += 1;
      }
      if (told !== null) told.textContent = `${shown} of ${rows.children.length}`;
    };
    tools.hidden = false;
    input.addEventListener("input", apply);
    apply();
  }
};
