export * from './https/http-server';
