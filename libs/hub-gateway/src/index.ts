export * from './hub-gateway';
