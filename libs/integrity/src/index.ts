export * from './chain';
export * from './chained-event-store';
export * from './root-file';
export * from './root-signer';
export * from './roots';
export * from './verify';
