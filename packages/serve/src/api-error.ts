/** Errors as an OpenAI client understands them: an HTTP status and `{ error: { message, type, param, code } }`. */
export type ApiErrorType = "invalid_request_error" | "authentication_error" | "rate_limit_error" | "server_error";

export interface ApiErrorFields {
  readonly status: number;
  readonly message: string;
  /** Default: by the status. */
  readonly type?: ApiErrorType;
  /** The field of the request that is wrong. */
  readonly param?: string;
  readonly code?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export class ApiError extends Error {
  readonly status: number;
  readonly type: ApiErrorType;
  readonly param: string | null;
  readonly code: string | null;
  readonly headers: Readonly<Record<string, string>>;

  constructor({ status, message, type, param = undefined, code = undefined, headers = {} }: ApiErrorFields) {
    super(clipped(message));
    this.status = status;
    this.type = type ?? typeOf(status);
    this.param = param ?? null;
    this.code = code ?? null;
    this.headers = headers;
  }

  get body() {
    const { message, type, param, code } = this;
    return { error: { message, type, param, code } };
  }
}

/** A message may quote what was sent, and that may be long. */
const MOST_CHARACTERS = 2_000;
const clipped = (message: string): string =>
  message.length <= MOST_CHARACTERS ? message : `${message.slice(0, MOST_CHARACTERS)}…`;

const typeOf = (status: number): ApiErrorType => {
  if (status === 401) return "authentication_error";
  if (status === 429) return "rate_limit_error";
  return status >= 500 ? "server_error" : "invalid_request_error";
};

/** Requests that are wrong in themselves are the caller's error, all else is the server's. */
export const asApiError = (error: unknown): ApiError => {
  if (error instanceof ApiError) return error;
  const message = error instanceof Error ? error.message : String(error);
  const { _tag: tag, what } = (error ?? {}) as { readonly _tag?: unknown; readonly what?: unknown };
  if (tag === "CheckpointError") return new ApiError({ status: 400, message });
  // "row" is how a generator names one that failed while it was written
  if (tag === "DecoderError" && what !== "row" && what !== "generator") return new ApiError({ status: 400, message });
  return new ApiError({ status: 500, message });
};
