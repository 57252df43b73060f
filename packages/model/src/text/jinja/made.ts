/** Counts what an operation, filter or function made. */
import { spend, spendItems } from "./budget.ts";
import { Markup, Tuple, type Value } from "./values.ts";

export const made = (value: Value): Value => {
  if (typeof value === "string") spend(value.length);
  else if (Array.isArray(value)) spendItems(value.length);
  else if (value instanceof Markup) spend(value.text.length);
  else if (value instanceof Tuple) spendItems(value.items.length);
  return value;
};
