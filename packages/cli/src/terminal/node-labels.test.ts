import { describe, expect, it } from "vitest";
import { labelsOf } from "./node-labels.ts";
import { collapsed, groupText } from "./skipped-text.ts";

describe("labels of nodes", () => {
  const nodes = ["probe/traces", "lora[seed=1,method=ms]", 'lora[seed=1,method="a,b"]'];

  it("are their names where there is room", () => {
    expect(nodes.map(labelsOf(nodes, 120).of)).toEqual(nodes);
    expect(nodes.map(labelsOf(nodes).of)).toEqual(nodes);
  });

  it("are the values of their matrix alone where names would take most of a line", () => {
    const { width, of } = labelsOf(nodes, 40);
    expect(nodes.map(of)).toEqual(["probe/traces", "lora[1,ms]", 'lora[1,"a,b"]']);
    expect(width).toBe(13);
  });

  it("steer no terminal", () => {
    expect(labelsOf(["a[x=1]"], 80).of("a[x=\u001b]")).toBe("a[x=\\x1b]");
  });
});

describe("skipped nodes", () => {
  const skipped = (count: number, reason: string, name = "lora") =>
    Array.from({ length: count }, (_, i) => ({ node: `${name}[seed=${i}]`, status: "skipped", reason }));

  it("are listed one by one while they are few", () => {
    expect(collapsed(skipped(8, "when: vars.full"))).toEqual([]);
  });

  it("are a line per condition when they are many, with all that need their results", () => {
    const behind = Array.from({ length: 5 }, (_, i) => ({
      node: `merged[seed=${i}]`,
      status: "skipped",
      reason: `input lora: lora[seed=${i}] is skipped`,
    }));
    const one = { node: "report", status: "skipped", reason: "when: vars.report" };
    expect(collapsed([...skipped(20, "when: vars.full"), ...behind, one]).map(groupText)).toEqual([
      "25 nodes skipped: when: vars.full (lora, merged)",
      "1 node skipped: when: vars.report (report)",
    ]);
  });
});
