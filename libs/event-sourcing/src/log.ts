type Write = (fields: object, message: string) => void;

/** Where long-running parts say what happens to them; pino's logger fits as it is. Fields never hold secrets. */
export interface Log {
  debug: Write;
  info: Write;
  warn: Write;
  error: Write;
}

const nothing: Write = () => undefined;

export const silentLog: Log = { debug: nothing, info: nothing, warn: nothing, error: nothing };
