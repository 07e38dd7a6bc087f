export * from './names';
export * from './projections';
export * from './run';
export * from './start-service';
