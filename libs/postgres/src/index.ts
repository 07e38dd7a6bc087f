export * from './databases';
export * from './embedded/embedded-postgres';
export * from './embedded/embedded-postgres-error';
export * from './migrations';
export * from './pg-read-database';
export * from './pool';
