import { configurationDocument } from '@app/platform/configuration/configuration-table';
import { cliDocument } from './cli-document';
import { eventsDocument } from './events-document';

/** Every generated page by its path in the repository. */
export const generatedDocuments: Readonly<Record<string, () => string>> = {
  'docs/configuration.md': configurationDocument,
  'docs/events.md': eventsDocument,
  'docs/reference/cli.md': cliDocument,
};
