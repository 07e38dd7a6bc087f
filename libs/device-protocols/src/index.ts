export * from './https/http-server';
export * from './https/presented-chain';
