import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { address, routeOf } from "./route.ts";

describe("routeOf", () => {
  it("knows its pages", () => {
    expect(routeOf("/?pipeline=a&metric=b")).toMatchObject({ page: "runs" });
    expect(routeOf("/compare?a=1&b=2")).toMatchObject({ page: "compare" });
    expect(routeOf("/runs/20260101-x")).toEqual({ page: "run", id: "20260101-x" });
    expect(routeOf("/runs/x/events")).toEqual({ page: "events", id: "x" });
    expect(routeOf("/runs/x/report/report.html")).toEqual({ page: "report", id: "x", file: "report.html" });
    expect(routeOf("/runs/x/files/figures/a.svg")).toEqual({ page: "file", id: "x", path: ["figures", "a.svg"] });
    expect(routeOf("/artifacts/traces/0123456789abcdef")).toMatchObject({ page: "artifact", kind: "traces" });
  });

  it.each([
    "/runs/..",
    "/runs/../../etc/passwd",
    "/runs/x/files/../run.json",
    "/runs/x/files/%2e%2e/run.json",
    "/runs/x/files/%2E%2E%2Frun.json",
    "/runs/x/files/..%2f..%2fetc%2fpasswd",
    "/runs/x/files/..%5c..%5cwindows",
    "/runs/x/files/a%00.html",
    "/runs/x/files/a%0d%0aset-cookie:x",
    "/runs/x/files/c:/windows",
    "/runs/x/files/report.html::$DATA",
    "/runs/x/files//etc/passwd",
    "/runs/x/files/",
    "/runs//files/a",
    "/runs/x/files/%ff",
    "/runs/x/files/%",
    "//evil.example/",
    "http://evil.example/",
    "/artifacts/traces/..",
    "/artifacts/../0123456789abcdef",
    "/artifacts/traces/0123456789abcdef/artifact.json",
    "/artifacts/traces/nothex00",
    "/nothing",
    "",
    `/runs/${"a".repeat(5000)}`,
  ])("refuses %s", (target) => expect(routeOf(target)).toBeUndefined());

  it("decodes once: what is encoded twice is a name with a percent sign in it", () => {
    expect(routeOf("/runs/x/files/%252e%252e")).toEqual({ page: "file", id: "x", path: ["%2e%2e"] });
  });

  it("finds again what it gave an address, and never a part that leads elsewhere", () => {
    const name = fc.string({ unit: "binary", minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(name, name, (id, file) => {
        fc.pre(id.isWellFormed() && file.isWellFormed());
        const plain = [id, file].every((part) => !/[/\\:\u0000-\u001f\u007f]/.test(part) && !/^\.\.?$/.test(part));
        const route = routeOf(address.report(id, file));
        expect(route).toEqual(plain ? { page: "report", id, file } : undefined);
      }),
    );
  });
});
