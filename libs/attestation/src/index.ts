export * from './sas';
export * from './symmetric-key';
export * from './x509-certificate';
export * from './x509-chain';
