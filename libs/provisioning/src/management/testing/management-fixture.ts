import { ReadModels, startReadModels } from '../../read-models/testing/read-model-database';
import {
  Answer,
  Ask,
  TestApplication,
  ask,
  connectionString,
  createTestApplication,
  enroll,
  registerDevice,
} from './test-application';

export type Method = 'GET' | 'PUT' | 'POST' | 'DELETE';

/** The management API on a database of its own, with hub-a.localhost and hub-b.localhost linked. */
export interface ManagementFixture {
  readonly application: TestApplication;
  readonly readModels: ReadModels;
  /** `path` without /api/v1/. */
  api(method: Method, path: string, options?: Ask): Promise<Answer>;
  link(hub: string): Promise<Answer>;
  /** Registers a device at one hub after the other; the position of the log after that. */
  live(registrationId: string, ...hubs: readonly string[]): Promise<string>;
  close(): Promise<void>;
}

export async function startManagement(): Promise<ManagementFixture> {
  const readModels = await startReadModels();
  const { store, database, projections } = readModels;
  const application = await createTestApplication({ store, database, monitor: projections });
  const api: ManagementFixture['api'] = (method, path, options) => ask(application, method, `/api/v1/${path}`, options);
  const link = (hub: string): Promise<Answer> =>
    api('PUT', `linked-hubs/${hub}`, { body: { connectionString: connectionString(hub) } });
  for (const hub of ['hub-a.localhost', 'hub-b.localhost']) expect((await link(hub)).status).toBe(200);
  return {
    application,
    readModels,
    api,
    link,
    live: async (registrationId, ...hubs) => {
      for (const hub of hubs) {
        expect((await enroll(application, registrationId, hub)).status).toBe(200);
        expect(await registerDevice(application, registrationId)).toMatchObject({ status: 202, body: { status: 'assigned' } });
      }
      return application.store.headPosition();
    },
    close: async () => {
      await application.close();
      await readModels.close();
    },
  };
}

export const problemContentType: unknown = expect.stringMatching(/^application\/problem\+json(;|$)/);
