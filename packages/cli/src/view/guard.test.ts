import { describe, expect, it } from "vitest";
import { refusalOf } from "./guard.ts";

const ask = (headers: Record<string, string>, method = "GET") => refusalOf({ method, headers })?.status;

describe("refusalOf", () => {
  it.each(["localhost:4747", "127.0.0.1:4747", "[::1]:4747", "LOCALHOST", "127.0.0.1"])("answers to %s", (host) =>
    expect(ask({ host })).toBeUndefined(),
  );

  it.each([
    "",
    "evil.example",
    "evil.example:4747",
    "localhost.evil.example:4747",
    "127.0.0.1.evil.example",
    "evil.example@localhost",
    "localhost:4747@evil.example",
    "0.0.0.0:4747",
    "192.168.1.2:4747",
    "127.0.0.1:4747, evil.example",
    "[::]:4747",
  ])("refuses the host %j", (host) => expect(ask({ host })).toBe(421));

  it("refuses requests without a host, and every method that is not for reading", () => {
    expect(ask({})).toBe(421);
    for (const method of ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT"])
      expect(ask({ host: "localhost" }, method)).toBe(405);
    expect(ask({ host: "localhost" }, "HEAD")).toBeUndefined();
  });

  it("lets pages of other sites link here, and load nothing", () => {
    const host = "localhost:4747";
    expect(ask({ host, origin: "https://evil.example" })).toBe(403);
    expect(ask({ host, origin: "null" })).toBe(403);
    expect(ask({ host, origin: "http://localhost:4747" })).toBeUndefined();
    expect(ask({ host, "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors" })).toBe(403);
    expect(ask({ host, "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate" })).toBeUndefined();
    expect(ask({ host, "sec-fetch-site": "same-origin", "sec-fetch-mode": "cors" })).toBeUndefined();
  });
});
