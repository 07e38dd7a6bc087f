export * from './sas';
export * from './symmetric-key';
export * from './tpm-activation';
export * from './tpm-public';
export * from './x509-certificate';
export * from './x509-chain';
