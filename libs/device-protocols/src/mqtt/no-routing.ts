type Done = ((error?: Error | null) => void) | undefined;

const soon = (done: Done): void => {
  if (done !== undefined) setImmediate(done);
};

/**
 * In the place of the broker's message bus: nothing that one connection publishes reaches another. What a device is told is written
 * to its own connection by the application.
 */
export const noRouting = {
  on: (_topic: string, _deliver: unknown, done?: Done) => soon(done),
  removeListener: (_topic: string, _deliver: unknown, done?: Done) => soon(done),
  emit: (_packet: unknown, done?: Done) => soon(done),
  close: (done?: Done) => soon(done),
};
