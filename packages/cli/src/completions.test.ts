/** The scripts in real shells, as far as they are here; `.ci/run` installs them. */
import { execFileSync, spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { completed } from "./completions.ts";
import { cli, folderWith } from "./fixtures/process.ts";

const has = (shell: string): boolean => spawnSync(shell, ["--version"]).status === 0;
const scripts = new Map<string, string>();

beforeAll(async () => {
  for (const shell of ["bash", "zsh", "fish"]) {
    const { code, stdout } = await cli(process.cwd(), "--completions", shell);
    expect(code).toBe(0);
    scripts.set(shell, stdout);
  }
});

/** A folder with the script and a pipeline. */
function folderFor(shell: string): string {
  const folder = folderWith("version: 1");
  writeFileSync(join(folder, "script"), scripts.get(shell) ?? "");
  return folder;
}

/** What each shell offers for a line that is not finished. */
const offers: { readonly [shell: string]: (line: string) => ReadonlyArray<string> } = {
  bash: (line) => {
    const words = line.split(" ");
    const code = [
      "source ./script",
      `COMP_WORDS=(${words.map((word) => `"${word}"`).join(" ")})`,
      `COMP_CWORD=${words.length - 1} COMP_LINE="${line}" COMP_POINT=${line.length}`,
      `_precipice precipice "${words.at(-1)}" "${words.at(-2)}"`,
      'printf "%s\\n" "${COMPREPLY[@]}"',
    ].join("\n");
    return run("bash", ["--norc", "-c", code]).map((offer) => offer.trim());
  },
  fish: (line) =>
    run("fish", ["--no-config", "-c", `source ./script; complete -C '${line}'`]).map(
      (offer) => offer.split("\t")[0] ?? "",
    ),
};

function run(shell: string, args: ReadonlyArray<string>): ReadonlyArray<string> {
  const cwd = folderFor(shell);
  const env = { ...process.env, HOME: cwd, XDG_CONFIG_HOME: cwd, XDG_DATA_HOME: cwd };
  return execFileSync(shell, args, { cwd, env, encoding: "utf8" })
    .split("\n")
    .filter((line) => line !== "");
}

describe.each(Object.entries(offers))("completions of %s", (shell, offer) => {
  it.skipIf(!has(shell))("know commands, flags, stages and files", () => {
    expect(offer("precipice ru")).toEqual(["run", "runs"]);
    expect(offer("precipice run --keep")).toEqual(["--keep-going"]);
    expect(offer("precipice stages demo.w")).toEqual(["demo.write"]);
    expect(offer("precipice plan p")).toEqual(expect.arrayContaining(["p.yaml"]));
    expect(offer("precipice graph --format d")).toEqual(["dot"]);
    expect(offer("precipice doctor par")).toEqual(["parity"]);
  });
});

/** Types into an interactive zsh, where `precipice` prints what it is called with. */
const driver = `
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell 'PS1= PS2= RPS1=; unsetopt zle_bracketed_paste; autoload -Uz compinit; compinit -u -D; source ./script; precipice() { print -r -- "GOT[$*]" }; print READY'
while zpty -r shell line; do [[ $line == READY* ]] && break; done
for typed in "$@"; do
  zpty -w shell "$typed"$'\\t'
  while zpty -r shell line; do
    if [[ $line == *GOT\\[* ]]; then print -r -- "\${\${line#*GOT\\[}%%\\]*}"; break; fi
  done
done
`;

describe("completions of zsh", () => {
  it.skipIf(!has("zsh"))("know commands, flags, stages and files", () => {
    const typed = ["precipice run --keep", "precipice stages demo.w", "precipice plan p", "precipice doctor par"];
    const folder = folderFor("zsh");
    writeFileSync(join(folder, "driver"), driver);
    const output = execFileSync("zsh", ["-f", "driver", ...typed], { cwd: folder, encoding: "utf8", timeout: 30_000 });
    expect(output.split("\n").map((line) => line.trim())).toEqual([
      "run --keep-going",
      "stages demo.write",
      expect.stringMatching(/^plan p/),
      "doctor parity",
      "",
    ]);
  });
});

it("only values that are free text become paths or choices", () => {
  const text = { _tag: "String" } as const;
  const argument = { name: "name", description: undefined, required: true, variadic: false, type: text };
  const flag = { name: "root", aliases: [], description: undefined, type: text };
  const command = { name: "stages", description: undefined, flags: [flag], arguments: [argument], subcommands: [] };
  const outer = {
    ...command,
    name: "x",
    flags: [{ ...flag, type: { _tag: "Boolean" } as const }],
    subcommands: [command],
  };
  const { flags, arguments: given, subcommands } = completed(outer, ["a.b"]);
  expect([flags[0]?.type, given[0]?.type]).toEqual([{ _tag: "Boolean" }, text]);
  expect(subcommands[0]?.flags[0]?.type).toEqual({ _tag: "Path", pathType: "directory" });
  expect(subcommands[0]?.arguments[0]?.type).toEqual({ _tag: "Choice", values: ["a.b"] });
});
