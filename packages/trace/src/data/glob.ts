/**
 * Path patterns of data sets as Hugging Face's `datasets` resolves them (fsspec's glob): `*` and `?` stay within a folder, `[0-9]` and
 * `[!x]` are one character, `**` is any number of folders and stands alone between slashes. Braces are plain characters.
 */

/** Files that describe a repository; a pattern takes them only where it ends on their very name. */
const DESCRIBING = new Set([
  "README.md",
  "config.json",
  "dataset_info.json",
  "dataset_infos.json",
  "dummy_data.zip",
  "dataset_dict.json",
]);

const lastPart = (path: string): string => path.slice(path.lastIndexOf("/") + 1);

/** Whether a pattern can stand for more than one path. */
export const hasMagic = (pattern: string): boolean => /[*?[]/.test(pattern);

/** Why a pattern of a data set's card is not read here; `undefined` when it is. */
export const unreadablePattern = (pattern: string): string | undefined => {
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(pattern) || pattern.includes("::"))
    return "is an address, not a path inside the repository";
  if (pattern.startsWith("/") || pattern.split("/").includes("..")) return "leaves the repository";
  if (pattern.split("/").some((part) => part.includes("**") && part !== "**"))
    return 'has "**" inside a name; it must stand alone between slashes';
  return undefined;
};

/** Those of the paths that a pattern takes, in the order of their names. Hidden files and `__` folders must be asked for. */
export const matching = (pattern: string, paths: ReadonlyArray<string>): string[] => {
  const plain = pattern.replace(/^(?:\.\/)+/, "");
  const expression = expressionOf(plain);
  const ownName = lastPart(plain);
  return paths
    .filter(
      (path) =>
        expression.test(path) &&
        (!DESCRIBING.has(lastPart(path)) || lastPart(path) === ownName) &&
        hiddenParts(path) === hiddenParts(plain) &&
        privateFolders(path) === privateFolders(plain),
    )
    .sort();
};

const hiddenParts = (path: string): number => path.split("/").filter((part) => /^\.+[^.]/.test(part)).length;

const privateFolders = (path: string): number =>
  path
    .split("/")
    .slice(0, -1)
    .filter((part) => part.startsWith("__")).length;

const expressionOf = (pattern: string): RegExp => {
  const parts = pattern.split("/");
  const last = parts.length - 1;
  const translated = parts.map((part, i) => {
    if (part === "**") return i < last ? "(?:.+/)?" : ".*";
    const text = part === "*" ? "[^/]+" : partExpression(part);
    return i < last ? `${text}/` : text;
  });
  return new RegExp(`^${translated.join("")}$`, "su");
};

const partExpression = (part: string): string => {
  const tokens = part.match(/\[!?\]?[^\]]*\]|[\s\S]/gu) ?? [];
  return tokens
    .map((token) => {
      if (token === "*") return "[^/]*";
      if (token === "?") return "[^/]";
      if (token.length > 2 && token.startsWith("["))
        return `[${token
          .slice(1, -1)
          .replace(/[\\\]^[]/g, "\\$&")
          .replace(/^!/, "^")}]`;
      return token.replace(/[.+^$()|\\*?{}[\]]/g, "\\$&");
    })
    .join("");
};
