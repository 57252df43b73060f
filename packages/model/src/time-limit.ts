/** Work on somebody else's program or pattern, ended after a time: what counts cannot bound, such as one match of a regular expression. */
import { createContext, Script } from "node:vm";

const sandbox = createContext({ work: undefined });
const callWork = new Script("work()");

/** The work took longer than it may. */
export class TimeLimitError extends Error {}

/** Do the work; after `ms` milliseconds it is stopped where it is, inside of a match too. Throws `TimeLimitError`. */
export const timeLimited = <A>(ms: number, work: () => A): A => {
  sandbox["work"] = work;
  try {
    return callWork.runInContext(sandbox, { timeout: ms }) as A;
  } catch (error) {
    if ((error as NodeJS.ErrnoException | null)?.code !== "ERR_SCRIPT_EXECUTION_TIMEOUT") throw error;
    throw new TimeLimitError(`took longer than ${ms / 1000} s, and was stopped`);
  } finally {
    sandbox["work"] = undefined;
  }
};
