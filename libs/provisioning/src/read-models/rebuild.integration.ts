import * as fc from 'fast-check';
import { rebuildProjection } from '@app/postgres';
import { CampaignEvent } from '../campaigns/campaign.events';
import { CaCertificateEvent } from '../certificates/ca-certificate.events';
import { ErasureEvent } from '../erasure/erasure.events';
import { individualEnrollmentStream } from '../enrollments/enrollment.events';
import type { Outcome } from '../registrations/registration.decider';
import { entry, instantOf, register } from '../registrations/testing/commands';
import { listDeviceStatus } from './device-status.queries';
import { provisioningProjections } from './projections';
import { ReadModels, startReadModels } from './testing/read-model-database';
import {
  RegistrationHistory,
  recordedCaCertificates,
  recordedCampaign,
  recordedEnrollment,
  recordedErasure,
} from './testing/recorded';

const DEVICES = 60;
const SEED = 20_260_101;

interface Attempt {
  readonly hub: string;
  readonly migrateDeviceData: boolean;
  readonly provisioningStatus: 'enabled' | 'disabled';
  readonly end: Outcome | 'failed';
  readonly isDeletedAfter: boolean;
}

const attempts = fc.array(
  fc.record<Attempt>({
    hub: fc.constantFrom('hub-a', 'hub-b', 'hub-unknown'),
    migrateDeviceData: fc.boolean(),
    provisioningStatus: fc.constantFrom('enabled', 'enabled', 'enabled', 'disabled'),
    end: fc.constantFrom('created', 'existed', 'recreated', 'unchanged', 'moved', 'failed'),
    isDeletedAfter: fc.boolean(),
  }),
  { minLength: 1, maxLength: 5 },
);

/** A device's life through the real decider, whatever comes. */
function lifeOf(id: string, lived: readonly Attempt[]): RegistrationHistory {
  const history = new RegistrationHistory();
  for (const [index, { hub, migrateDeviceData, provisioningStatus, end, isDeletedAfter }] of lived.entries()) {
    const operationId = `${id}-${index}`;
    const at = instantOf(index);
    const reprovisionPolicy = { updateHubAssignment: true, migrateDeviceData };
    const saved = { iotHubs: [hub], allocationPolicy: 'static', reprovisionPolicy, provisioningStatus } as const;
    history.send({ ...register({ operationId, at, entry: saved }), registrationId: id });
    const section = { values: { n: index }, version: index + 1, metadata: null };
    const twin = { tags: {}, desired: section, reported: section };
    const recorded = { status: 'enabled', statusReason: null, generationId: 'gen' } as const;
    history.send(
      { type: 'RecordStatus', operationId, recorded, at },
      { type: 'RecordTwinMigrated', operationId, twin, complete: true, sourceTag: 'tag', at },
      { type: 'RecordTwinReset', operationId, at },
      end === 'failed'
        ? { type: 'FailAssignment', operationId, errorCode: 400207, errorMessage: 'the hub said no', at }
        : { type: 'CompleteAssignment', operationId, outcome: end, generationId: 'gen', at },
    );
    if (isDeletedAfter) history.send({ type: 'DeleteRecord', at });
  }
  return history;
}

function caCertificates(portion: number): readonly CaCertificateEvent[] {
  const name = `CA-${portion}`;
  const at = instantOf(portion);
  const subjectName = `CN=${name}`;
  const thumbprints = { sha1Thumbprint: 'A1', sha256Thumbprint: 'A2' };
  const validity = { notBeforeUtc: at, notAfterUtc: instantOf(portion + 50) };
  const info = { subjectName, issuerName: subjectName, ...thumbprints, ...validity, serialNumber: '01', version: 3 };
  return [
    { type: 'CaCertificateUploaded', data: { name, certificate: 'AA==', info, isVerified: false, at } },
    { type: 'VerificationCodeGenerated', data: { name, code: 'CODE', at } },
    { type: 'CaCertificateVerified', data: { name, by: 'proof', proofThumbprint: 'P', at } },
    ...(portion === 2 ? [{ type: 'CaCertificateDeleted', data: { name, at } } as const] : []),
  ];
}

function campaign(portion: number): readonly CampaignEvent[] {
  const at = instantOf(portion);
  const plan = { name: '', hubs: ['hub-b'], waveSize: 2, pauseS: 0, waveTimeoutS: 60, failuresMax: null, askConnected: false };
  const progress = { selected: 1, queued: 0, waiting: 1, moved: 0, stayed: 0, failed: 0, recalled: 0 };
  const registrationId = `dev-${portion}`;
  const settled = { registrationId, outcome: 'moved', hub: 'hub-b', operationId: 'op', detail: 'is on hub-b' } as const;
  return [
    {
      type: 'CampaignCreated',
      data: { campaignId: `c-${portion}`, plan: { ...plan, selection: { by: 'hub', hub: 'hub-a' } }, at },
    },
    { type: 'CampaignStarted', data: { at } },
    { type: 'WaveStarted', data: { wave: 1, devices: [{ registrationId, from: 'hub-a', hub: 'hub-b' }], progress, at } },
    { type: 'DevicesSettled', data: { devices: [settled], progress: { ...progress, waiting: 0, moved: 1 }, at } },
  ];
}

let readModels: ReadModels;

beforeAll(async () => {
  readModels = await startReadModels();
  const lives = fc.sample(attempts, { seed: SEED, numRuns: DEVICES });
  // In three portions, so that the live tables are built up by batches and the rebuilt ones in one go.
  for (let portion = 0; portion < 3; portion++) {
    const ids = lives.map((lived, index) => [`dev-${index}`, lived] as const).filter((_life, index) => index % 3 === portion);
    await readModels.take(ids.flatMap(([id, lived]) => lifeOf(id, lived).recorded(id)));
    const stream = individualEnrollmentStream(`entry-${portion}`);
    const created = {
      type: 'EnrollmentCreated',
      data: { entry: entry({ id: `entry-${portion}` }), at: instantOf(portion) },
    } as const;
    const disabled = { type: 'EnrollmentDisabled', data: { at: instantOf(portion + 1) } } as const;
    const deleted = { type: 'EnrollmentDeleted', data: { at: instantOf(portion + 2) } } as const;
    const asked = { registrationId: `dev-${portion}`, reason: 'ticket', deleteEnrollment: false, at: instantOf(portion) };
    const wanted = { type: 'ErasureRequested', data: asked } as const;
    const gone: ErasureEvent = { type: 'DeviceDataErased', data: { hubs: [], at: instantOf(portion + 1) } };
    await readModels.take(recordedErasure(`dev-${portion}`, [wanted, gone].slice(0, portion + 1)));
    await readModels.take(recordedCampaign(`c-${portion}`, campaign(portion)));
    await readModels.take(recordedCaCertificates(caCertificates(portion)));
    await readModels.take(recordedEnrollment(stream, [created, disabled, deleted].slice(0, portion + 1)));
  }
});

afterAll(() => readModels.close());

test('there is something to compare', async () => {
  const { items } = await listDeviceStatus(readModels.database, {}, { limit: 1_000 });
  expect(items.length).toBeGreaterThan(DEVICES / 4);
  expect(new Set(items.map(({ status }) => status))).toEqual(new Set(['assigned', 'failed', 'disabled']));
});

test.each(provisioningProjections.map((projection) => [projection.name, projection] as const))(
  'a rebuilt %s equals the live one',
  async (_name, projection) => {
    const { store, config } = readModels;
    const report = await rebuildProjection({ store, config, projection });
    expect(report.switched).toBe(true);
    const tables = report.compared?.tables ?? [];
    expect(tables).toHaveLength(projection.tables.length);
    for (const table of tables) {
      expect(table).toMatchObject({ missingLive: 0, missingRebuilt: 0, changed: 0, differences: [] });
      expect(table.rows).toBeGreaterThan(1);
    }
  },
);
