import { EventStoreUnavailable, EventTooLarge, Rejected, RevisionConflict } from '@app/event-sourcing';
import { DeviceRejection } from './devices/device.checks';

/** IoT Hub's names of errors that this hub gives, with their HTTP status. */
const statuses = {
  ArgumentInvalid: 400,
  ArgumentNull: 400,
  InvalidProtocolVersion: 400,
  IotHubFormatError: 400,
  DeviceDefinedMultipleTimes: 400,
  IotHubUnauthorizedAccess: 401,
  IotHubQuotaExceeded: 403,
  DeviceNotFound: 404,
  ModuleNotFound: 404,
  DeviceNotOnline: 404,
  IotHubNotFound: 404,
  InvalidOperation: 404,
  DeviceAlreadyExists: 409,
  ModuleAlreadyExistsOnDevice: 409,
  PreconditionFailed: 412,
  MessageTooLarge: 413,
  ThrottlingException: 429,
  ServerError: 500,
  ServiceUnavailable: 503,
  GatewayTimeout: 504,
} as const;
export type HubErrorCode = keyof typeof statuses;

/** IoT Hub's numbers of errors, for the protocols that carry a number instead of a word. */
const numbers: Readonly<Record<HubErrorCode, number>> = {
  ArgumentInvalid: 400004,
  ArgumentNull: 400005,
  InvalidProtocolVersion: 400001,
  IotHubFormatError: 400006,
  DeviceDefinedMultipleTimes: 400011,
  IotHubUnauthorizedAccess: 401002,
  IotHubQuotaExceeded: 403002,
  DeviceNotFound: 404001,
  ModuleNotFound: 404010,
  DeviceNotOnline: 404103,
  IotHubNotFound: 404003,
  InvalidOperation: 400003,
  DeviceAlreadyExists: 409001,
  ModuleAlreadyExistsOnDevice: 409301,
  PreconditionFailed: 412001,
  MessageTooLarge: 413001,
  ThrottlingException: 429001,
  ServerError: 500001,
  ServiceUnavailable: 503001,
  GatewayTimeout: 504101,
};
export const errorNumberOf = ({ code }: HubError): number => numbers[code];

/** An answer other than success. `message` goes to the client, `detail` to the log alone. */
export class HubError extends Error {
  readonly status: number;

  constructor(
    readonly code: HubErrorCode,
    message: string,
    readonly detail?: string,
  ) {
    super(message);
    this.name = 'HubError';
    this.status = statuses[code];
  }
}

/** One text for every refusal, so that it tells nothing about keys, policies or devices; the log has the reason. */
export const unauthorized = (reason: string): HubError => new HubError('IotHubUnauthorizedAccess', 'Unauthorized', reason);

const rejections: Readonly<Record<DeviceRejection, HubErrorCode>> = {
  'device-not-found': 'DeviceNotFound',
  'device-already-exists': 'DeviceAlreadyExists',
  'device-disabled': 'IotHubUnauthorizedAccess',
  'module-not-found': 'ModuleNotFound',
  'module-already-exists': 'ModuleAlreadyExistsOnDevice',
  'too-many-modules': 'IotHubQuotaExceeded',
  'precondition-failed': 'PreconditionFailed',
  'argument-invalid': 'ArgumentInvalid',
  'message-too-large': 'MessageTooLarge',
};

/** What an error of any part means on the wire; errors nobody foresaw become `ServerError` and show nothing. */
export function hubErrorOf(error: unknown): HubError {
  if (error instanceof HubError) return error;
  if (error instanceof Rejected) return rejectedError(error as Rejected<DeviceRejection>);
  if (error instanceof EventTooLarge) return new HubError('MessageTooLarge', 'the device is too large to be stored');
  if (error instanceof EventStoreUnavailable) {
    return new HubError('ServiceUnavailable', 'the hub cannot reach its store, try again', error.message);
  }
  if (error instanceof RevisionConflict) {
    return new HubError('ServiceUnavailable', 'the device is being changed by others, try again', error.message);
  }
  const detail = error instanceof Error ? (error.stack ?? error.message) : 'not an error object';
  return new HubError('ServerError', 'the hub failed', detail);
}

function rejectedError(error: Rejected<DeviceRejection>): HubError {
  if (error.reason === 'device-disabled') return unauthorized(error.message);
  return new HubError(rejections[error.reason], error.message);
}

export interface HubErrorBody {
  readonly Message: string;
  readonly ExceptionMessage: string;
}

/** IoT Hub's error document. Clients take the text between the first two semicolons for the message. */
export function hubErrorBody(error: HubError, trackingId: string, now: Date): HubErrorBody {
  const message = error.message.replaceAll(';', ',');
  return {
    Message: `ErrorCode:${error.code};${message}`,
    ExceptionMessage: `Tracking ID:${trackingId}-TimeStamp:${now.toISOString()}`,
  };
}
