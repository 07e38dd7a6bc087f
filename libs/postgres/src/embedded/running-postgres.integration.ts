import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbeddedPostgres } from './embedded-postgres';
import { findRunningPostgres } from './running-postgres';

describe('a tool beside the service', () => {
  it('finds the embedded server while it runs, and nothing before and after', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'rehome-running-'));
    const dataDir = join(directory, 'postgres');
    try {
      expect(await findRunningPostgres(dataDir)).toBeUndefined();
      const postgres = await startEmbeddedPostgres({ dataDir });
      expect(await findRunningPostgres(dataDir)).toEqual(postgres.config);
      await postgres.stop();
      expect(await findRunningPostgres(dataDir)).toBeUndefined();
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  });
});
