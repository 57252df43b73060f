/** `THIRD-PARTY.md`: the packages that come with an installed precipice, and their licences. */
import type { Dependency } from "./lock.ts";

/** The text of the page. */
export function thirdPartyPage(all: ReadonlyArray<Dependency>): string {
  const versions = new Map<string, string>();
  for (const { name, version, license = "not stated", development } of all) {
    if (!development) versions.set(`${name} ${version}`, license);
  }
  const rows = [...versions].sort(([a], [b]) => (a < b ? -1 : 1));
  const counts = new Map<string, number>();
  for (const [, licence] of rows) counts.set(licence, (counts.get(licence) ?? 0) + 1);
  const byCount = [...counts].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1));
  return `# Third-party packages

Precipice itself is under the MIT licence. An installed precipice brings ${rows.length} packages from the npm registry, optional ones of all platforms
counted. \`npm run sbom\` writes this page from package-lock.json, and a bill of materials with hashes.

${byCount.map(([licence, count]) => `- ${licence}: ${count}`).join("\n")}

| package | version | licence |
| --- | --- | --- |
${rows.map(([name, licence]) => `| ${name.replace(" ", " | ")} | ${licence} |`).join("\n")}
`;
}
