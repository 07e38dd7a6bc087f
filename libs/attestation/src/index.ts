export * from './sas';
export * from './symmetric-key';
