/** Why a file is not read. The caller wraps it into an error of its own, which names what it wanted of the file and what to do. */
export class FileError extends Error {
  override readonly name = "FileError";
  readonly _tag = "FileError";
  readonly code: "E_NOT_FILE" | "E_FILE_SIZE";
  readonly path: string;
  readonly remedy: string;
  /** The message without the path. */
  readonly reason: string;

  constructor(code: FileError["code"], path: string, reason: string) {
    super(`${reason}: ${path}`);
    this.code = code;
    this.path = path;
    this.remedy = code === "E_NOT_FILE" ? "Name a regular file" : "Name a smaller file, or split it";
    this.reason = reason;
  }
}
