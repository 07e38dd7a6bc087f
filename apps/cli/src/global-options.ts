import { outputFormats } from './output/printer';

const group = 'Connection and output:';

/** What every verb takes. */
export const globalOptions = {
  url: { type: 'string', group, describe: 'Where the service is, such as https://localhost:8443', requiresArg: true },
  token: { type: 'string', group, describe: "An operator's token; better in REHOME_API_TOKEN", requiresArg: true },
  login: {
    alias: 'l',
    type: 'string',
    group,
    describe: "The service's connection string, in the place of a token",
    requiresArg: true,
  },
  'ca-file': { type: 'string', group, describe: 'PEM file of the certificate authority to trust', requiresArg: true },
  'data-dir': {
    type: 'string',
    group,
    describe: 'Data directory of the service: its client.env has all of these',
    requiresArg: true,
  },
  output: {
    alias: 'o',
    choices: outputFormats,
    default: 'table',
    group,
    describe: 'Tables for people or JSON for programs',
    requiresArg: true,
  },
} as const;
