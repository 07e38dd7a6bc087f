export * from './box';
export * from './sealed-fields';
export * from './sealing-event-store';
export * from './subject-keys';
