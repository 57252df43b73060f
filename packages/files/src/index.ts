export { clip, MOST_SAID, someOf } from "./clip.ts";
export { FileError } from "./errors.ts";
export { fileIdentity, lastChangeMs, SETTLED_MS } from "./identity.ts";
export { checkDepth } from "./json-depth.ts";
export { replaceNumberWords } from "./number-words.ts";
export { checkFile, openFile, openFileSync } from "./open-file.ts";
export {
  MOST_OF_RECORD,
  readFileBytes,
  readFileBytesSync,
  readFileText,
  readFileTextSync,
  streamFile,
} from "./read-file.ts";
export { type BadByte, badByte, cutTail } from "./utf8.ts";
