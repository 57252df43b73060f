/** Model sources as users write them: a folder, `organism://name`, or `hf://org/name@revision`. */
import { isAbsolute, resolve } from "node:path";
import { CheckpointError, fetchHubCheckpoint, type HubOptions, isHubSource } from "@precipice/model";
import { Pipeline } from "@precipice/runtime";
import { ORGANISMS, organismFolder } from "./folder.ts";

/** Folder of a model source; what lies on a hub is downloaded first, unless it is cached. Rejects with `CheckpointError`, `HubError`. */
export const fetchCheckpoint = async (source: string, base: string, options: HubOptions = {}): Promise<string> =>
  isHubSource(source) ? (await fetchHubCheckpoint(source, options)).folder : checkpointFolder(source, base);

/** Folder of a model source on this machine; relative folders are meant from `base`. Throws `CheckpointError`. */
export const checkpointFolder = (source: string, base: string): string => {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/i.exec(source);
  if (scheme === null) return isAbsolute(source) ? source : resolve(base, source);
  if (scheme[1] !== "organism") {
    throw new CheckpointError({
      file: source,
      place: "",
      problem: `scheme "${scheme[1]}://" is not supported`,
      remedy: `use a folder, hf://org/name@revision or ${ORGANISMS.map((o) => `organism://${o}`).join(", ")}`,
    });
  }
  const name = scheme[2] as string;
  const folder = organismFolder(name);
  if (folder !== undefined) return folder;
  const isKnown = ORGANISMS.some((organism) => organism === name);
  const near = Pipeline.nearest(name, ORGANISMS);
  const there = `there are ${ORGANISMS.map((organism) => `organism://${organism}`).join(", ")}`;
  throw new CheckpointError({
    file: source,
    place: "",
    problem: isKnown ? "has no weights here" : "is no shipped organism",
    remedy: isKnown
      ? "`nx run organism:train` makes them"
      : near === undefined
        ? there
        : `did you mean organism://${near}? ${there}`,
  });
};
