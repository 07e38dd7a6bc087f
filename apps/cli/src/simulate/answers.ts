/** Longest wait for any answer. */
export const ANSWER_TIMEOUT_MS = 30_000;

/** The answer, unless the connection ends before it, for the reason that `over` rejects with, or nothing is heard for too long. */
export async function answered<Value>(answer: Promise<Value>, over: Promise<never>): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer for ${ANSWER_TIMEOUT_MS / 1_000} s`)), ANSWER_TIMEOUT_MS);
  });
  try {
    return await Promise.race([answer, over, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** What is under way, unless it is told to end before: then it is left to itself. Error: the signal's. */
export async function unlessAborted<Value>(signal: AbortSignal, work: Promise<Value>): Promise<Value> {
  let leave: (() => void) | undefined;
  const aborted = new Promise<never>((_, reject) => {
    leave = () => reject(signal.reason as Error);
    if (signal.aborted) leave();
    else signal.addEventListener('abort', leave);
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    if (leave !== undefined) signal.removeEventListener('abort', leave);
  }
}
