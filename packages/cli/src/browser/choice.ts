/** Choosing two runs: says how many are chosen, and lets go of the first when a third is. */

export const startChoice = (): void => {
  const told = document.getElementById("chosen");
  if (told === null) return;
  const boxes = [...document.querySelectorAll<HTMLInputElement>("input[name=run]")];
  let order = boxes.filter((box) => box.checked);
  const tell = (): void => {
    told.textContent = order.length === 0 ? "" : `${order.length} of 2 chosen`;
  };
  for (const box of boxes)
    box.addEventListener("change", () => {
      order = [...order.filter((other) => other !== box), ...(box.checked ? [box] : [])];
      const first = order.length > 2 ? order.shift() : undefined;
      if (first !== undefined) first.checked = false;
      tell();
    });
  tell();
};
