import { INestApplication } from '@nestjs/common';
import { EventStore } from '@app/event-sourcing';
import { Configuration, Logger, Shutdown } from '@app/platform';
import { RunningProjections } from '@app/postgres';
import {
  AssignmentProcess,
  AssignmentRecovery,
  CampaignProcess,
  ErasureProcess,
  ReadDatabase,
  openAssignmentsProjection,
} from '@app/provisioning';

export interface ProcessManagersOptions {
  readonly app: INestApplication;
  readonly configuration: Configuration;
  readonly store: EventStore;
  readonly projections: RunningProjections;
  readonly readDatabase: ReadDatabase;
  readonly log: Logger;
  readonly shutdown: Shutdown;
}

/** What an assignment under way gets when the service stops; it is taken up again at the next start. */
const PROCESS_STOP_TIMEOUT_MS = 5_000;
const RECOVERY_POLL_MS = 1_000;
/** How often campaigns are looked at: their devices call at their own pace, so this is soon. */
const CAMPAIGN_POLL_MS = 500;
/** Of erasures that a crash has left half done, or that a hub held up. */
const ERASURE_POLL_MS = 1_000;
/** How long a start waits for the read models to hold what the log held, before recovery looks for what stands still. */
const CATCH_UP_TIMEOUT_MS = 60_000;

/** Sets going what carries on in the background whatever the log says is not finished. */
export async function startProcessManagers(options: ProcessManagersOptions): Promise<void> {
  const { app, configuration, store, projections, readDatabase: database, log, shutdown } = options;
  const { takeoverMs } = configuration;
  const process = app.get(AssignmentProcess);
  const recovery = new AssignmentRecovery({ process, database, takeoverMs, pollMs: RECOVERY_POLL_MS, log });
  await projections.waitFor([openAssignmentsProjection.name], await store.headPosition(), CATCH_UP_TIMEOUT_MS);
  recovery.start(isAlone(configuration) ? 0 : takeoverMs);
  shutdown.add('assignments', async () => {
    await recovery.stop();
    await process.stop(PROCESS_STOP_TIMEOUT_MS);
  });
  const campaigns = app.get(CampaignProcess);
  campaigns.start(CAMPAIGN_POLL_MS);
  shutdown.add('campaigns', () => campaigns.stop());
  const erasures = app.get(ErasureProcess);
  erasures.start(ERASURE_POLL_MS);
  shutdown.add('erasures', () => erasures.stop());
}

/** With the embedded database the data directory's lock says that no other process can be carrying out what is found here. */
function isAlone(configuration: Configuration): boolean {
  return configuration.databaseUrl === undefined && configuration.esdbUrl === undefined;
}
