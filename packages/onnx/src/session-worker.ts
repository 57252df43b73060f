/** Worker side of `Session`: holds one onnxruntime session. */
import type { HostTensors } from "./host-tensor.ts";
import type { Program } from "./program.ts";
import { RuntimeSession, type SessionOptions } from "./runtime-session.ts";
import { serve } from "./worker/guest.ts";

let session: RuntimeSession | undefined;

serve(
  {
    open: async ({ program, options }: { program: Program; options: SessionOptions }) => {
      session = await RuntimeSession.open(program, options);
    },
    run: async ({ feeds, outputs }: { feeds: HostTensors; outputs?: ReadonlyArray<string> }, context) => {
      context.checkpoint(session?.program ?? "session");
      return session?.runHost(feeds, outputs);
    },
  },
  async () => session?.close(),
);
