import type {
  BulkEnrollmentOperation,
  BulkEnrollmentOperationResult,
  EnrollmentGroup,
  IndividualEnrollment,
} from 'azure-iot-provisioning-service/dist/interfaces';
import { ProvisioningServiceClient } from 'azure-iot-provisioning-service';
import { ServiceApi, startServiceApi } from '@test/support/service-api';
import { refusal, storedText } from '@test/support/service-api-checks';

const individual = (registrationId: string, rest: object = {}) =>
  ({ registrationId, attestation: { type: 'symmetricKey' }, ...rest }) as IndividualEnrollment;
const group = (enrollmentGroupId: string, rest: object = {}) =>
  ({ enrollmentGroupId, attestation: { type: 'symmetricKey' }, ...rest }) as EnrollmentGroup;

/** The callback form: the promise form of this client never settles. */
function bulk(client: ProvisioningServiceClient, operation: object): Promise<BulkEnrollmentOperationResult> {
  return new Promise((resolve, reject) => {
    client.runBulkEnrollmentOperation(operation as BulkEnrollmentOperation, (error, result) => {
      if (result === undefined) reject(error ?? new Error('the client gave neither a result nor an error'));
      else resolve(result);
    });
  });
}

interface Page {
  readonly items: readonly Record<string, unknown>[];
  readonly continuation: string | undefined;
  readonly itemType: string | undefined;
}

describe('groups and bulk calls through the unmodified SDK client', () => {
  let api: ServiceApi;
  beforeAll(async () => (api = await startServiceApi()));
  afterAll(() => api.close());

  it('groups are created, read, updated and deleted', async () => {
    const client = api.client();
    const reprovisionPolicy = { updateHubAssignment: true, migrateDeviceData: true };
    const { responseBody: created } = await client.createOrUpdateEnrollmentGroup(
      group('Group.A', { reprovisionPolicy, allocationPolicy: 'static' }),
    );
    expect(created).toMatchObject({ enrollmentGroupId: 'Group.A', reprovisionPolicy, allocationPolicy: 'static' });
    const { responseBody: read } = await client.getEnrollmentGroup('group.a');
    expect(read.attestation).toEqual({ type: 'symmetricKey', symmetricKey: {} });
    const { responseBody: updated } = await client.createOrUpdateEnrollmentGroup({ ...read, provisioningStatus: 'disabled' });
    expect(updated).toMatchObject({ provisioningStatus: 'disabled', attestation: created.attestation, reprovisionPolicy });
    const { responseBody: mechanism } = await client.getEnrollmentGroupAttestationMechanism('group.a');
    expect(mechanism).toEqual(created.attestation);
    expect(await refusal(client.deleteEnrollmentGroup(read))).toMatchObject({ status: 412 });
    await client.deleteEnrollmentGroup(updated);
    expect(await refusal(client.getEnrollmentGroup('group.a'))).toMatchObject({ status: 404, errorCode: 404201 });
    expect(await storedText(api.store)).not.toContain(created.attestation.symmetricKey?.primaryKey);
  });

  it('a group attests by a signing certificate as base64 of PEM, or by the name of a CA', async () => {
    const client = api.client();
    const certificate = Buffer.from(api.certificates.authority).toString('base64');
    const attestation = { type: 'x509', x509: { signingCertificates: { primary: { certificate } } } };
    const { responseBody: signed } = await client.createOrUpdateEnrollmentGroup(
      group('signed', { attestation, allocationPolicy: 'geoLatency' }),
    );
    expect(signed.attestation.x509?.signingCertificates?.primary).toMatchObject({ info: { version: 3 } });
    const references = { type: 'x509', x509: { caReferences: { primary: 'our-ca' } } };
    const { responseBody: referring } = await client.createOrUpdateEnrollmentGroup(
      group('referring', { attestation: references }),
    );
    expect(referring.attestation).toEqual(references);
    const tpm = { type: 'tpm', tpm: { endorsementKey: 'AToAAQ==' } };
    expect(await refusal(client.createOrUpdateEnrollmentGroup(group('no-tpm', { attestation: tpm })))).toMatchObject({
      status: 400,
    });
  });

  it('a bulk call does what it can and says what failed', async () => {
    const client = api.client();
    const names = ['bulk-1', 'bulk-2', 'bulk-3'];
    const created = await bulk(client, { mode: 'create', enrollments: names.map((name) => individual(name)) });
    expect(created).toEqual({ isSuccessful: true, errors: [] });
    const again = await bulk(client, {
      mode: 'create',
      enrollments: [
        individual('bulk-1', { provisioningStatus: 'disabled' }),
        individual('bulk-4'),
        individual('bulk-5', { attestation: { type: 'none' } }),
      ],
    });
    expect(again).toMatchObject({
      isSuccessful: false,
      errors: [
        { registrationId: 'bulk-1', errorCode: 409201 },
        { registrationId: 'bulk-5', errorCode: 400004, errorStatus: expect.stringContaining('attestation.type') as string },
      ],
    });
    expect((await client.getIndividualEnrollment('bulk-4')).responseBody.provisioningStatus).toBe('enabled');

    const { responseBody: first } = await client.getIndividualEnrollment('bulk-1');
    const conditional = await bulk(client, {
      mode: 'updateIfMatchEtag',
      enrollments: [
        { ...first, provisioningStatus: 'disabled' },
        { ...first, registrationId: 'bulk-2', etag: '"old"' },
        individual('bulk-3'),
      ],
    });
    expect(conditional).toMatchObject({
      isSuccessful: false,
      errors: [
        { registrationId: 'bulk-2', errorCode: 412001 },
        { registrationId: 'bulk-3', errorCode: 400004 },
      ],
    });
    expect((await client.getIndividualEnrollment('bulk-1')).responseBody.provisioningStatus).toBe('disabled');

    const updated = await bulk(client, {
      mode: 'update',
      enrollments: [individual('bulk-2', { iotHubs: ['hub-b'] }), individual('bulk-9')],
    });
    expect(updated).toMatchObject({ isSuccessful: false, errors: [{ registrationId: 'bulk-9', errorCode: 404201 }] });
    const deleted = await bulk(client, {
      mode: 'delete',
      enrollments: [...names, 'bulk-4', 'bulk-9'].map((registrationId) => ({ registrationId })),
    });
    expect(deleted).toMatchObject({ isSuccessful: false, errors: [{ registrationId: 'bulk-9', errorCode: 404201 }] });
  });

  it.each([
    ['an id that comes twice', { mode: 'create', enrollments: [individual('same'), individual('SAME')] }],
    ['more than ten', { mode: 'create', enrollments: Array.from({ length: 11 }, (_, i) => individual(`many-${i}`)) }],
    ['none', { mode: 'create', enrollments: [] }],
    ['an unknown mode', { mode: 'replace', enrollments: [individual('mode')] }],
    ['no list', { mode: 'create' }],
    ['an item without id', { mode: 'create', enrollments: [individual('good'), {}] }],
  ])('a bulk call fails as a whole for %s', async (_what, operation) => {
    const head = await api.store.headPosition();
    expect(await refusal(bulk(api.client(), operation))).toMatchObject({ status: 400, errorCode: 400004 });
    expect(await api.store.headPosition()).toBe(head);
  });

  it('groups have bulk calls too', async () => {
    const post = async (body: object) => {
      const answer = await api.request('POST', '/enrollmentGroups?api-version=2021-10-01', { body: JSON.stringify(body) });
      return JSON.parse(answer.text) as unknown;
    };
    expect(await post({ mode: 'Create', enrollmentGroups: [group('g-1'), group('g-2')] })).toEqual({
      isSuccessful: true,
      errors: [],
    });
    expect(await post({ mode: 'delete', enrollmentGroups: [group('g-1'), group('g-3')] })).toMatchObject({
      isSuccessful: false,
      errors: [{ enrollmentGroupId: 'g-3', errorCode: 404201 }],
    });
  });
});

describe('an instance of its own', () => {
  let api: ServiceApi;
  beforeEach(async () => (api = await startServiceApi()));
  afterEach(() => api.close());

  it('there are at most 100 groups with symmetric keys, and a deleted one makes room', async () => {
    const client = api.client();
    for (let i = 0; i < 99; i++) await client.createOrUpdateEnrollmentGroup(group(`group-${i}`));
    const last = await Promise.allSettled([0, 1, 2].map((i) => client.createOrUpdateEnrollmentGroup(group(`last-${i}`))));
    expect(last.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(await refusal(client.createOrUpdateEnrollmentGroup(group('one-more')))).toMatchObject({
      status: 400,
      errorCode: 400004,
    });
    await client.createOrUpdateEnrollmentGroup(group('group-5', { provisioningStatus: 'disabled' }));
    await client.deleteEnrollmentGroup('group-5');
    await client.createOrUpdateEnrollmentGroup(group('one-more'));
  });

  it('a query sees what was just written, page by page, without keys and without what is deleted', async () => {
    const client = api.client();
    for (const name of ['query-3', 'query-1', 'query-5', 'query-2', 'query-4'])
      await client.createOrUpdateIndividualEnrollment(individual(name));
    await client.createOrUpdateEnrollmentGroup(group('query-group'));
    await client.deleteIndividualEnrollment('query-2');
    const query = client.createIndividualEnrollmentQuery({ query: 'SELECT * FROM enrollments' }, 2);
    const page = (token?: string) =>
      new Promise<Page>((resolve, reject) => {
        const done = (error: Error | null, items: unknown, response: { headers: Record<string, string> }) => {
          if (error) reject(error);
          else {
            const { 'x-ms-continuation': continuation, 'x-ms-item-type': itemType } = response.headers;
            resolve({ items: items as Page['items'], continuation, itemType });
          }
        };
        if (token === undefined) query.next(done as never);
        else query.next(token, done as never);
      });
    const first = await page();
    const second = await page(first.continuation);
    expect([...first.items, ...second.items].map(({ registrationId }) => registrationId)).toEqual([
      'query-1',
      'query-3',
      'query-4',
      'query-5',
    ]);
    expect(first.itemType).toBe('enrollment');
    expect(second.continuation).toBeUndefined();
    const { responseBody: read } = await client.getIndividualEnrollment('query-1');
    expect(first.items[0]).toEqual(read);

    const { responseBody: groups } = await client.createEnrollmentGroupQuery({ query: '*' }).next();
    expect(groups).toEqual([(await client.getEnrollmentGroup('query-group')).responseBody]);
  });
});
