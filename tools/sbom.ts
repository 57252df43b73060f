/**
 * Writes what an installed precipice is made of: a CycloneDX bill of materials with the hash and licence of every package, and
 * the list of their licences. Reads package-lock.json alone.
 *
 *     npm run sbom -- [FOLDER]     the bill, by default in dist/; THIRD-PARTY.md stands in the repository
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { packages, root } from "./pack/workspace.ts";
import { billOfInstalled, npmBill } from "./supply-chain/bill-of-materials.ts";
import { dependencies, readLock } from "./supply-chain/lock.ts";
import { thirdPartyPage } from "./supply-chain/third-party.ts";

const out = resolve(root, process.argv[2] ?? "dist");
const lock = readLock();
const version = packages()[0]?.manifest.version ?? "0.0.0";
const bill = billOfInstalled(npmBill(), lock, version);
mkdirSync(out, { recursive: true });
writeFileSync(join(out, "precipice.cdx.json"), `${JSON.stringify(bill, null, 2)}\n`);
writeFileSync(join(root, "THIRD-PARTY.md"), thirdPartyPage(dependencies(lock)));
console.log(`${bill.components.length} components in ${join(out, "precipice.cdx.json")}; licences in THIRD-PARTY.md`);
