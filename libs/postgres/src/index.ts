export * from './databases';
export * from './connection-loss';
export * from './embedded/embedded-postgres';
export * from './embedded/embedded-postgres-error';
export * from './event-store/postgres-event-store';
export * from './migrations';
export * from './pg-read-database';
export * from './pool';
