export { openAuditTrail } from './audit-trail';
export * from './names';
export * from './projections';
export * from './run';
export * from './start-service';
export { HUBS_SCHEMA } from './storage';
