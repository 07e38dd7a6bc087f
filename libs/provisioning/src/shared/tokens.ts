/** Injection tokens of what the composition root provides to every feature module (interfaces have no run-time name). */
export const EVENT_STORE = Symbol('EVENT_STORE');
/** `EventStore`: the same events with what is sealed left sealed, for those who look at none of it. */
export const STORED_EVENTS = Symbol('STORED_EVENTS');
export const HUB_GATEWAY = Symbol('HUB_GATEWAY');
export const SECRET_BOX = Symbol('SECRET_BOX');
export const ACCESS_CONTROL = Symbol('ACCESS_CONTROL');
/** `ReadDatabase`: queries of the read models. */
export const READ_DATABASE = Symbol('READ_DATABASE');
/** Text: the direct method that asks a device to register again. */
export const REPROVISION_METHOD = Symbol('REPROVISION_METHOD');
/** `Clock`: the only source of time outside tests. */
export const CLOCK = Symbol('CLOCK');

export type Clock = () => Date;
