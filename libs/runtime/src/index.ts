export * from './names';
export * from './run';
export * from './start-service';
