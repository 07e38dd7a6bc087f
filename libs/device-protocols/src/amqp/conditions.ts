/** How errors of the device API are called in AMQP; SDKs turn these words into their own errors (wire contract §2.2). */
const conditions: ReadonlyMap<number, string> = new Map([
  [400, 'com.microsoft:argument-error'],
  [401, 'amqp:unauthorized-access'],
  [403, 'amqp:unauthorized-access'],
  [404, 'amqp:not-found'],
  [405, 'amqp:not-allowed'],
  [409, 'com.microsoft:precondition-failed'],
  [412, 'com.microsoft:precondition-failed'],
  [413, 'amqp:link:message-size-exceeded'],
  [415, 'com.microsoft:argument-error'],
  [429, 'com.microsoft:device-container-throttled'],
  [501, 'amqp:not-implemented'],
]);

/** Devices try again after `amqp:internal-error`, and give up after what is their own fault. */
export function conditionOf(status: number): string {
  return conditions.get(status) ?? (status < 500 ? 'amqp:not-allowed' : 'amqp:internal-error');
}
