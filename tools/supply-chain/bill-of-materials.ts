/** The CycloneDX bill of materials that npm makes of package-lock.json, checked and without what only development needs. */
import { execFileSync } from "node:child_process";
import { root } from "../pack/workspace.ts";
import { type Dependency, dependencies } from "./lock.ts";

interface Component {
  readonly "bom-ref": string;
  readonly name: string;
  readonly version: string;
  readonly properties?: ReadonlyArray<{ readonly name: string; readonly value: string }>;
}

export interface Bill {
  readonly bomFormat: "CycloneDX";
  readonly metadata: { readonly component: Component };
  readonly components: ReadonlyArray<Component>;
  readonly dependencies: ReadonlyArray<{ readonly ref: string; readonly dependsOn: ReadonlyArray<string> }>;
}

/** Asks npm, which reads the lock file and nothing else: no network. */
export const npmBill = (): Bill =>
  JSON.parse(
    // with --omit npm leaves out packages that development needs too
    execFileSync("npm", ["sbom", "--package-lock-only", "--sbom-format", "cyclonedx"], {
      cwd: root,
      encoding: "utf8",
      maxBuffer: 64 * 2 ** 20,
      shell: process.platform === "win32",
    }),
  ) as Bill;

/**
 * The bill of what an installed precipice brings, for `version` of it.
 *
 * @throws Error when the bill leaves out a package of the lock file.
 */
export function billOfInstalled(bill: Bill, lockText: string, version: string): Bill {
  const all = dependencies(lockText);
  const inBill = new Set(bill.components.map(nameAndVersion));
  const left = all.filter((one) => !inBill.has(nameAndVersion(one)));
  if (left.length > 0) throw new Error(`npm sbom leaves out ${left.map(nameAndVersion).join(", ")}`);
  const installed = new Set(all.filter(({ development }) => !development).map(nameAndVersion));
  const fromRegistry = new Set(all.map(nameAndVersion));
  const components = bill.components.filter(
    (one) => installed.has(nameAndVersion(one)) || !fromRegistry.has(nameAndVersion(one)),
  );
  // npm calls the whole after the folder it lies in
  const whole: Component = {
    ...bill.metadata.component,
    "bom-ref": `precipice@${version}`,
    name: "precipice",
    version,
  };
  const was = bill.metadata.component["bom-ref"];
  const refs = new Set(components.map((one) => one["bom-ref"]));
  return {
    ...bill,
    metadata: { ...bill.metadata, component: whole },
    components,
    dependencies: bill.dependencies
      .filter(({ ref }) => refs.has(ref) || ref === was)
      .map(({ ref, dependsOn }) => ({
        ref: ref === was ? whole["bom-ref"] : ref,
        dependsOn: dependsOn.filter((other) => refs.has(other)),
      })),
  };
}

const nameAndVersion = ({ name, version }: Pick<Dependency, "name" | "version">): string => `${name}@${version}`;
