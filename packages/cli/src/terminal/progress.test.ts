import { describe, expect, it } from "vitest";
import { Progress } from "./progress.ts";

describe("progress", () => {
  it("counts rows from the start of the node", () => {
    const progress = new Progress("trace.generate", 0, null);
    expect(progress.text(1000)).toBe("1.0 s");
    progress.update({ done: 40, total: 160, unit: "rows", detail: "a\u001b[2J" }, 2000);
    expect(progress.text(4000)).toBe("40/160 rows  10 rows/s  ETA 12.0 s  a\\x1b[2J");
    expect(progress.fraction).toBe(0.25);
  });

  it("shows bytes in units, and counts the rate of a resumed download from where it went on", () => {
    const progress = new Progress("model.open", 0, null);
    progress.update({ done: 2e9, total: 3e9, unit: "bytes" }, 1000);
    expect(progress.text(1000)).toBe("2.00 GB/3.00 GB");
    progress.update({ done: 2.1e9, total: 3e9, unit: "bytes", detail: "model.safetensors" }, 3000);
    expect(progress.text(3000)).toBe("2.10 GB/3.00 GB  50.0 MB/s  ETA 18.0 s  model.safetensors");
  });

  it("shows how many where nobody knows of how many", () => {
    const progress = new Progress("data.prompts", 0, null);
    progress.update({ done: 1000, total: 0, unit: "rows" }, 1000);
    expect(progress.text(2000)).toBe("1000 rows  500 rows/s");
    expect(progress.fraction).toBeUndefined();
  });

  it("tells the time left by finer work, where rows that end together say nothing of it", () => {
    const progress = new Progress("trace.generate", 0, null);
    const rows = { done: 2, total: 100, unit: "rows" };
    progress.update({ ...rows, work: { done: 1000, left: 9000 } }, 1000);
    progress.update({ ...rows, work: { done: 4000, left: 6000 } }, 2000); // 3,000 a second
    expect(progress.text(2000)).toContain("ETA 2.0 s");
  });
});
