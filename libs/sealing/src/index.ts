export * from './box';
export * from './key-wrap';
export * from './open-boxes';
export * from './sealed-fields';
export * from './sealing-event-store';
export * from './subject-keys';
