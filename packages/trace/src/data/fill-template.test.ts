import { expect, it } from "vitest";
import { fillTemplate } from "./fill-template.ts";

const fill = (template: string, values: Record<string, string>) => fillTemplate(template, (name) => values[name] ?? "");

it.each<[string, Record<string, string>, string]>([
  ["{a}\n{b}", { a: "x", b: "y" }, "x\ny"],
  ["{a}\n{b}", { a: "x" }, "x"],
  ["{a}\n{b}", { b: "y" }, "y"],
  ["{a}\n{b}", {}, ""],
  ["{a}\n\n{b}", { a: "x" }, "x"],
  ["{a}\n\n{b}", { b: "y" }, "y"],
  ["{a}\n\n{b}\n\n{c}", { a: "x", c: "z" }, "x\n\nz"],
  ["{a}\n{b}\n{c}", { a: "x", c: "z" }, "x\nz"],
  ["{a}\n{b} {c}", { a: "x" }, "x"],
  ["{a}\n{b} {c}", { a: "x", c: "z" }, "x\n z"],
  ["{a}\n{b}\n", { a: "x" }, "x\n"],
  ["Q: {a}\nA: {b}", { a: "x" }, "Q: x\nA: "],
  ["{a}\r\n{b}", { a: "x" }, "x"],
  ["{a}\n{b}", { a: "x\n\ny\n", b: "z" }, "x\n\ny\n\nz"], // what the values hold stays
  ["{a}\n{b}", { a: "{b}", b: " \n" }, "{b}"],
  ["{a}$&", { a: "$1" }, "$1$&"],
])("%j of %j", (template, values, expected) => {
  expect(fill(template, values)).toBe(expected);
});
