/**
 * Flips one bit of a stored file at a random place, before or while a stage reads it, runs that stage again, and looks at what
 * came of it: the same bytes, or an error that names the damage. Then `--heal` must restore every byte.
 *
 *   npm run faults:damage -- --flips 200
 *   npm run faults:damage -- --flips 20 --seed 3 --json
 */
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { registry } from "@precipice/cli";
import { execute, Pipeline, plan, Store } from "@precipice/runtime";
import { random } from "@precipice/stats";
import * as Effect from "effect/Effect";
import { damagedDigests, storedHashes } from "./stored-results.ts";

const { values } = parseArgs({
  options: {
    flips: { type: "string", default: "200" },
    seed: { type: "string", default: "7" },
    /** Rows of each set of prompts. */
    count: { type: "string", default: "24" },
    folder: { type: "string", default: existsSync("/dev/shm") ? "/dev/shm" : tmpdir() },
    json: { type: "boolean", default: false },
  },
});
const file = fileURLToPath(new URL("../tests/e2e/fixtures/faults-study.yaml", import.meta.url));
const folder = mkdtempSync(join(values.folder, "precipice-damage-"));
const draw = random(Number(values.seed), "damage");
const pick = <A>(from: ReadonlyArray<A>): A => from[draw.int(from.length)] as A;

const planned = (root: string, heal: boolean) =>
  Effect.gen(function* () {
    const pipeline = yield* Pipeline.load(file, registry, { sets: [`vars.count=${values.count}`] });
    return yield* plan(pipeline, yield* Store.open(root), { heal });
  });

const run = (root: string, heal = false) =>
  Effect.runPromise(Effect.flatMap(planned(root, heal), (found) => execute(found, { keepGoing: true })));

/** Codes of what went wrong, in the plan or in nodes. */
const codesOf = async (root: string): Promise<ReadonlyArray<string>> => {
  try {
    const { nodes, error } = await run(root);
    const ofNodes = [...nodes.values()].flatMap((node) => (node.error === undefined ? [] : [node.error.code]));
    return error === undefined ? ofNodes : [...ofNodes, error.code];
  } catch (error) {
    const { issues, code } = error as { issues?: ReadonlyArray<{ code: string }>; code?: string };
    return issues?.map((issue) => issue.code) ?? [code ?? String(error)];
  }
};

const storedFiles = (root: string): ReadonlyArray<string> =>
  readdirSync(join(root, ".precipice/store"), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .sort();

/** Digests of the shards that some artifacts were put together from. */
const shardsOf = (root: string, digests: ReadonlyArray<string>): ReadonlyArray<string> => {
  const shards = storedFiles(root)
    .filter((path) => path.endsWith("artifact.json") && digests.some((digest) => path.includes(digest)))
    .flatMap((path): ReadonlyArray<{ digest: string }> => {
      return JSON.parse(readFileSync(join(root, path), "utf8")).origin.shards ?? [];
    });
  return [...new Set(shards.map(({ digest }) => digest))];
};

const flip = (path: string, where: number): void => {
  const bytes = readFileSync(path);
  const bit = Math.floor(where * 8 * bytes.length);
  bytes.writeUInt8(bytes.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
  writeFileSync(path, bytes);
};

try {
  const clean = join(folder, "clean");
  const first = await run(clean);
  if (first.status !== "ok") throw new Error(`the study without damage failed: ${JSON.stringify([...first.nodes])}`);
  const expected = storedHashes(clean);
  const { nodes } = await Effect.runPromise(planned(clean, false));
  /** Nodes that read another, with the folders of what they read and of what they make. */
  const readers = nodes.flatMap((node) => {
    const inputs = Object.values(node.node.inputs).flatMap((edges) =>
      edges.map((edge) => {
        const producer = nodes.find((one) => one.node.name === edge.node);
        return producer?.digests[edge.output] ?? "";
      }),
    );
    const outputs = Object.values(node.digests);
    return inputs.length === 0 ? [] : [{ name: node.node.name, inputs, outputs, shards: shardsOf(clean, outputs) }];
  });
  const files = storedFiles(clean);
  const folderOf = (digest: string): string => join(files.find((path) => path.includes(digest)) as string, "..");
  const tally = {
    flips: 0,
    refused: 0,
    sameBytes: 0,
    silent: 0,
    hangs: 0,
    notHealed: 0,
    verifyMissed: 0,
    otherErrors: 0,
  };
  const kinds = new Map<string, number>();
  const limitMs = 120_000;
  for (let i = 0; i < Number(values.flips); i++) {
    const root = join(folder, `flip-${i}`);
    cpSync(join(clean, ".precipice"), join(root, ".precipice"), { recursive: true });
    const reader = pick(readers);
    for (const digest of reader.outputs) rmSync(join(root, folderOf(digest)), { recursive: true });
    const during = i % 2 === 1;
    // Half of the runs compute from nothing, the others go on from shards, which may be what is damaged.
    const fromNothing = draw.next() < 0.5;
    if (fromNothing) for (const digest of reader.shards) rmSync(join(root, folderOf(digest)), { recursive: true });
    const digest = pick(fromNothing || during ? reader.inputs : [...reader.inputs, ...reader.shards]);
    const target = pick(files.filter((path) => path.includes(digest)));
    kinds.set(target.split("/").slice(-1)[0] as string, (kinds.get(target.split("/").slice(-1)[0] as string) ?? 0) + 1);
    const where = draw.next();
    const delay = draw.next() * 1500;
    if (!during) flip(join(root, target), where);
    const timer = during ? setTimeout(() => flip(join(root, target), where), delay) : undefined;
    const errors = await Promise.race([
      codesOf(root),
      new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), limitMs).unref()),
    ]);
    clearTimeout(timer);
    tally.flips += 1;
    if (errors === undefined) {
      tally.hangs += 1;
      continue;
    }
    if (errors.some((code) => code !== "E_ARTIFACT_DAMAGED")) tally.otherErrors += 1;
    const bytesDiffer = [...storedHashes(root)].some(
      ([path, sha256]) => !path.includes(digest) && expected.get(path) !== sha256,
    );
    if (bytesDiffer) tally.silent += 1;
    else if (errors.length > 0) tally.refused += 1;
    else tally.sameBytes += 1;
    if (errors.length > 0 && !(await damagedDigests(root)).includes(digest)) tally.verifyMissed += 1;
    await run(root, true);
    const healed = storedHashes(root);
    const whole = [...expected].every(([path, sha256]) => healed.get(path) === sha256);
    const left = (await damagedDigests(root)).filter((one) => reader.inputs.includes(one));
    if (!whole || left.length > 0) tally.notHealed += 1;
    rmSync(root, { recursive: true });
    if (!values.json && (i + 1) % 10 === 0) console.log(`${i + 1} flips: ${JSON.stringify(tally)}`);
  }
  const result = { seed: Number(values.seed), ...tally, files: Object.fromEntries([...kinds].sort()) };
  console.log(values.json ? JSON.stringify(result) : `${JSON.stringify(result, null, 2)}`);
  const { silent, hangs, notHealed, verifyMissed, otherErrors } = tally;
  process.exitCode = silent + hangs + notHealed + verifyMissed + otherErrors > 0 ? 1 : 0;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
