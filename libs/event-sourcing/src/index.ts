export * from './codec';
export * from './decider';
export * from './event-store';
export * from './events';
export * from './handle-command';
export * from './log';
export * from './projection';
export * from './state-reader';
