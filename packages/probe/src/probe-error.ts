/** What is wrong with the data given to a probe, told so that the caller can act on it. */

export type ProbeErrorCode =
  | "shape"
  | "not-finite"
  | "label"
  | "one-class"
  | "none-refused"
  | "too-few"
  | "too-few-groups"
  | "no-direction"
  | "unknown-site"
  | "option";

/** Thrown by the plain functions of this package; stages turn it into their own error. */
export class ProbeInputError extends Error {
  override readonly name = "ProbeInputError";
  readonly code: ProbeErrorCode;

  constructor(code: ProbeErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
