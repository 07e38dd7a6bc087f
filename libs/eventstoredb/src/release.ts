/** The part of a client's stream of answers that `release` touches. */
interface Answers {
  readonly readableEnded: boolean;
  removeAllListeners(event: string): unknown;
  resume(): unknown;
}

/**
 * Ends a call that is not wanted any more, and lets what is left of its answers run out. Answers that are destroyed instead are no longer
 * taken from the call; when the server has sent its last one by then, the call never comes to its end, and the client keeps it for ever.
 */
export async function release(answers: Answers, cancel: () => Promise<void>): Promise<void> {
  if (answers.readableEnded) return;
  await cancel().catch(() => undefined);
  answers.removeAllListeners('readable');
  answers.resume();
}
