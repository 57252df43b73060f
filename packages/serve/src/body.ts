/** The body of a request, bounded, each piece counted with what all the others hold. */
import type { IncomingMessage } from "node:http";
import { utf8End } from "@precipice/model";
import { ApiError } from "./api-error.ts";
import type { Limits } from "./limits.ts";

/** Rejects with a 413, a 429 or a 400. `held` gets what gives the memory back. */
export const bodyOf = async (
  request: IncomingMessage,
  { bodyBytes, bodies }: Limits,
  held: Array<() => void>,
): Promise<string> => {
  const tooLarge = () => new ApiError({ status: 413, message: `The body is larger than ${bodyBytes} bytes` });
  if (Number(request.headers["content-length"] ?? 0) > bodyBytes) throw tooLarge();
  const chunks: Buffer[] = [];
  let bytes = 0;
  await new Promise<void>((resolve, reject) => {
    const stop = (error?: unknown) => {
      request.off("data", take).off("end", stop).off("close", left).off("error", stop);
      if (error === undefined) return resolve();
      request.resume(); // the rest is read and thrown away: a client that is cut off while it sends does not see the answer
      reject(error);
    };
    const take = (chunk: Buffer) => {
      bytes += chunk.length;
      try {
        if (bytes > bodyBytes) throw tooLarge();
        held.push(bodies.take(chunk.length));
        chunks.push(chunk);
      } catch (error) {
        stop(error);
      }
    };
    const left = () => stop(new Error("the client left"));
    request.on("error", () => {});
    request.on("data", take).once("end", stop).once("close", left).once("error", stop);
  });
  const body = Buffer.concat(chunks);
  const end = utf8End(body);
  if (end !== undefined)
    throw new ApiError({ status: 400, message: `The body is not UTF-8 from byte ${end} on; send JSON as UTF-8` });
  return body.toString("utf8");
};
