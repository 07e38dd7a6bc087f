import { eventStoreContract } from '@app/event-sourcing/contract-suite';
import { createTestDatabase } from '@test/support/postgres';
import { openPool } from '../pool';
import { PostgresEventStore } from './postgres-event-store';

eventStoreContract('PostgreSQL', async () => {
  const database = await createTestDatabase();
  const store = await PostgresEventStore.open({ config: database.config });
  const administrator = openPool(database.config, { applicationName: 'contract', max: 1 });
  return {
    store,
    drop: async () => {
      await administrator.query(
        `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name like 'rehome-events-%'`,
      );
    },
    cleanUp: async () => {
      await administrator.end();
      await database.drop();
    },
  };
});
