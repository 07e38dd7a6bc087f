/**
 * An error of the compatible routes (device API and service API). `errorCode` is the HTTP status times 1000 plus a detail;
 * `logReason` is for the operator's log only, so that a device learns nothing from a refusal.
 */
export class DpsError extends Error {
  constructor(
    readonly errorCode: number,
    message: string,
    readonly logReason: string = message,
    readonly info?: Readonly<Record<string, string>>,
  ) {
    super(message);
    this.name = 'DpsError';
  }

  get status(): number {
    return Math.floor(this.errorCode / 1000);
  }

  static badRequest(message: string): DpsError {
    return new DpsError(400004, message);
  }

  /** Opaque on the wire; why is in the log. */
  static unauthorized(logReason: string): DpsError {
    return new DpsError(401002, 'Unauthorized', logReason);
  }

  /** For an operator who is known: says which right is missing. Not for devices and shared access policies, which get 401. */
  static missingRight(right: string, logReason: string): DpsError {
    return new DpsError(403000, `This needs the right ${right}.`, logReason);
  }

  static notFound(message: string): DpsError {
    return new DpsError(404201, message);
  }

  static preconditionFailed(message: string): DpsError {
    return new DpsError(412001, message);
  }
}

export interface DpsErrorBody {
  readonly errorCode: number;
  readonly trackingId: string;
  readonly message: string;
  readonly timestampUtc: string;
  readonly info?: Readonly<Record<string, string>>;
}

export function dpsErrorBody(error: DpsError, trackingId: string, now: Date): DpsErrorBody {
  const body = { errorCode: error.errorCode, trackingId, message: error.message, timestampUtc: now.toISOString() };
  return error.info === undefined ? body : { ...body, info: error.info };
}
