/** One format for a data set: the most common among its files' endings, by the rules of Hugging Face's `datasets`. */

/** What `datasets` calls the readers, and the endings they take. Only the first three are read here. */
const ENDINGS: { readonly [reader: string]: string } = {
  json: "json jsonl ndjson",
  csv: "csv tsv",
  parquet: "parquet geoparquet gpq",
  arrow: "arrow",
  text: "txt",
  conll: "conll conllu",
  webdataset: "tar",
  xml: "xml",
  hdf5: "hdf5 h5",
  eval: "eval",
  lance: "lance",
  tsfile: "tsfile",
  images: "bmp gif ico jfif jpe jpeg jpg jp2 png ppm pgm pbm pnm psd tga tif tiff webp",
  audio: "aiff au caf flac m4v mp3 mpg ogg opus raw wav webm wma wmv",
  video: "avi mkv mov mp4 mpeg",
  meshes: "glb ply stl",
  pdf: "pdf",
  nifti: "nii",
};
const READ = ["json", "csv", "parquet"];
const READER_OF = new Map(
  Object.entries(ENDINGS).flatMap(([reader, endings]) => endings.split(" ").map((ending) => [ending, reader] as const)),
);
/** Of equally common endings the first. */
const PREFERRED = ["parquet", "lance", "arrow", "jsonl", "json", "csv"];
/** They go with pictures or sounds, and count only where nothing else is there. */
const METADATA = new Set(["metadata.csv", "metadata.jsonl", "metadata.parquet", "latest_version_hint.json"]);

const nameOf = (path: string): string => path.slice(path.lastIndexOf("/") + 1);
const endingsOf = (path: string): string[] => nameOf(path).split(".").slice(1);

/** Whether a name has an ending of any format, also of those that are not read here. */
export const isData = (path: string): boolean =>
  endingsOf(path).some((ending) => READER_OF.has(ending) || ending === "zip");

export interface DatasetFormat {
  readonly reader: string;
  readonly isRead: boolean;
}

/** The format of a split's files; `undefined` where no ending is known. */
export const formatOfFiles = (paths: ReadonlyArray<string>): DatasetFormat | undefined => {
  const counts = new Map<string, { readonly ending: string; readonly own: boolean; count: number }>();
  for (const path of paths) {
    for (const ending of endingsOf(path).map((text) => text.toLowerCase())) {
      const own = !METADATA.has(nameOf(path));
      const key = `${ending} ${own}`;
      const seen = counts.get(key) ?? { ending, own, count: 0 };
      seen.count++;
      counts.set(key, seen);
    }
  }
  const rank = (ending: string): number => (PREFERRED.includes(ending) ? PREFERRED.indexOf(ending) : PREFERRED.length);
  const [best] = [...counts.values()]
    .filter(({ ending }) => READER_OF.has(ending) || ending === "zip")
    .sort(
      (a, b) =>
        Number(b.own) - Number(a.own) ||
        b.count - a.count ||
        rank(a.ending) - rank(b.ending) ||
        (a.ending < b.ending ? 1 : -1),
    );
  if (best === undefined) return undefined;
  const reader = READER_OF.get(best.ending) ?? "zip";
  return { reader, isRead: READ.includes(reader) };
};

/** Whether a file is of a format, by any of its endings (`a.jsonl.gz`). */
export const isOfFormat = (path: string, { reader }: DatasetFormat): boolean =>
  endingsOf(path).some((ending) => READER_OF.get(ending) === reader || ending === "zip");

/** Ending of the compression a file is in, where its name tells; such files are read through it. */
export const compressionOf = (path: string): "gz" | "zst" | undefined =>
  /\.gz$/.test(path) ? "gz" : /\.zst$/.test(path) ? "zst" : undefined;
