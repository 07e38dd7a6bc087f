import { RegistrationHistory } from '../read-models/testing/recorded';
import { HubFact } from '../registrations/allocation';
import { EntryOverrides, RegisterOverrides, instantOf, register, stepsOf } from '../registrations/testing/commands';
import { Context, explain, noContext } from './explain';
import { factsOf } from './facts';
import { storyOf } from './story';

const migrate = { updateHubAssignment: true, migrateDeviceData: true };
const reset = { updateHubAssignment: true, migrateDeviceData: false };
const never = { updateHubAssignment: false, migrateDeviceData: false };
const hub = (hostName: string, facts: Partial<HubFact> = {}): HubFact => ({
  hostName,
  allocationWeight: 1,
  applyAllocationPolicy: true,
  ...facts,
});
const both = [hub('hub-a'), hub('hub-b')];

/** On hub-a by a first registration. */
const settled = (): RegistrationHistory =>
  new RegistrationHistory()
    .send(register({ operationId: 'op-0', entry: { iotHubs: ['hub-a'], allocationPolicy: 'static' } }))
    .follow((state) => stepsOf(state));

function again(entry: EntryOverrides, overrides: RegisterOverrides = {}): RegistrationHistory {
  return settled().send(
    register({
      operationId: 'op-1',
      hubs: both,
      enrollmentRevision: '3',
      ...overrides,
      entry: { allocationPolicy: 'hashed', ...entry },
    }),
  );
}
const done = (history: RegistrationHistory): RegistrationHistory => history.follow((state) => stepsOf(state));

function told(history: RegistrationHistory, context: Context = noContext): readonly string[] {
  return explain(storyOf('dev-1', history.recorded()), context).sentences;
}
const facts = (history: RegistrationHistory): ReturnType<typeof factsOf> =>
  factsOf(storyOf('dev-1', history.recorded()), noContext);

describe('a device that', () => {
  test('never registered', () => {
    expect(told(new RegistrationHistory())).toEqual(['Device dev-1 has never registered.']);
    expect(facts(new RegistrationHistory())).toMatchObject({ state: 'neverRegistered', hub: null, operation: null });
  });

  test('could not prove itself', () => {
    const attestationFailure = {
      registrationId: 'dev-1',
      failures: 3,
      firstFailedAt: instantOf(1),
      lastFailedAt: instantOf(2),
      check: 'signature',
      reason: 'The signature is not by its key.',
      transport: 'mqtt',
      subject: null,
      thumbprint: null,
      keyName: null,
    };
    const failed =
      'failed to prove itself, 3 times in all and last at 2026-01-01T00:00:02.000Z over MQTT: The signature is not by its key.';
    expect(told(new RegistrationHistory(), { ...noContext, attestationFailure })).toContain(`It ${failed}`);
    expect(told(settled(), { ...noContext, attestationFailure })).toContain(`Since then it ${failed}`);
  });

  test('registered for the first time', () => {
    const [summary, ...rest] = told(settled());
    expect(summary).toMatch(/^Device dev-1 is on hub-a because its first registration, at .+, led there: hub-a is the one hub/);
    expect(rest).toContain(
      'It began with the initial twin of the enrollment: 1 tag, 1 desired property and no reported properties.',
    );
    expect(rest.at(-1)).toContain('It proved itself by its primary symmetric key, over HTTPS with API version 2019-03-31');
    expect(facts(settled())).toMatchObject({
      state: 'assigned',
      hub: 'hub-a',
      twin: { source: 'initialTwin', tags: 1, desired: 1 },
    });
  });

  test('moved with its twin', () => {
    const section = { values: { a: { b: 1, c: [1, 2] }, d: 'x' }, version: 7, metadata: null };
    const twin = { tags: { site: 'x' }, desired: section, reported: section };
    const history = again({ iotHubs: ['hub-b'], reprovisionPolicy: migrate }).follow((state) =>
      stepsOf(state).map((step) => (step.type === 'RecordTwinMigrated' ? { ...step, twin, complete: false } : step)),
    );
    const sentences = told(history);
    expect(sentences[0]).toMatch(/the choice fell on hub-b instead of hub-a; its twin went along\.$/);
    expect(sentences).toContain('Its twin went along from hub-a: 1 tag, 3 desired properties and 3 reported properties.');
    expect(sentences.join(' ')).toContain('hub-b could not be given reported properties and versions');
    expect(facts(history).twin).toMatchObject({
      source: 'migrated',
      from: 'hub-a',
      tags: 1,
      desired: 3,
      reported: 3,
      complete: false,
    });
  });

  test('is on its way', () => {
    const history = again({ iotHubs: ['hub-b'], reprovisionPolicy: migrate });
    expect(told(history)[0]).toMatch(
      /^Device dev-1 is on its way from hub-a to hub-b since .+; nothing has been changed at a hub yet\.$/,
    );
    history.follow((state) => stepsOf(state).slice(0, 1));
    expect(told(history)[0]).toMatch(/its twin is being fetched from hub-a\.$/);
    history.follow((state) => stepsOf(state).slice(1, 2));
    expect(told(history)[0]).toMatch(/its twin is at the new hub, and the old one is being cleared\.$/);
    expect(facts(history)).toMatchObject({ state: 'assigning', hub: 'hub-a', targetHub: 'hub-b' });
  });

  test('started anew in place, or because its hub is not linked any more', () => {
    expect(told(done(again({ iotHubs: ['hub-a'], reprovisionPolicy: reset })))[0]).toContain(
      'the choice fell on hub-a again; by its policy it started anew',
    );
    const unlinked = done(again({ iotHubs: ['hub-b'], reprovisionPolicy: reset }, { hubs: [hub('hub-b')] }));
    expect(told(unlinked)[0]).toContain('hub-b instead of hub-a, which is not linked any more; by its policy it started anew');
  });

  test('stays and came before', () => {
    const sentences = told(done(again({ iotHubs: ['hub-b'], reprovisionPolicy: never })));
    expect(sentences[0]).toContain('its enrollment says that it never leaves its hub');
    expect(sentences).toContain('Allocation alone would have put it on hub-b.');
    expect(sentences.at(-1)).toMatch(/^It came to hub-a at .+, by its first registration/);
  });

  test('was lost by its hub', () => {
    const history = again({ iotHubs: ['hub-a'], reprovisionPolicy: migrate }).follow((state) =>
      stepsOf(state).map((step) => (step.type === 'CompleteAssignment' ? { ...step, outcome: 'recreated' as const } : step)),
    );
    expect(told(history)[0]).toContain('the hub had lost it and has it again');
    expect(told(history).join(' ')).toContain('hub-a had lost the device, so it began there again with the initial twin');
  });

  test('was deleted', () => {
    const history = settled().send({ type: 'DeleteRecord', at: instantOf(9) });
    expect(told(history)[0]).toMatch(
      /^Device dev-1 is not registered: the service itself deleted its registration at .+; until then it had been on hub-a\.$/,
    );
    expect(facts(history)).toMatchObject({ state: 'deleted', hub: null, deleted: { by: { kind: 'system' } } });
  });

  test('is refused, as its enrollment is disabled', () => {
    const history = again({ iotHubs: ['hub-b'], provisioningStatus: 'disabled' });
    const actor = { kind: 'operator', name: 'ann' } as const;
    const enrollmentChanges = [{ revision: '3', at: instantOf(4), actor, what: ['disabled it'] }];
    const sentences = told(history, { ...noContext, enrollmentChanges });
    expect(sentences[0]).toMatch(
      /^Device dev-1 stays on hub-a: it was refused at .+, because individual enrollment dev-1 was disabled \(revision 3\)\.$/,
    );
    expect(sentences).toContain(
      'Operator ann had changed individual enrollment dev-1 at 2026-01-01T00:00:04.000Z (revision 3): disabled it.',
    );
  });
});

describe('a registration that failed', () => {
  test('because there was no hub', () => {
    const [summary, ...rest] = told(again({ iotHubs: ['hub-z'], reprovisionPolicy: migrate }));
    expect(summary).toMatch(
      /^Device dev-1 stays on hub-a: its registration at .+ failed with error 400208, because no linked hub can take the device \(listed but not linked: hub-z\)\.$/,
    );
    expect(rest.join(' ')).toContain('there was no hub to choose from');
  });

  test('at the hub it was to go to', () => {
    const history = again({ iotHubs: ['hub-b'], reprovisionPolicy: migrate }).send({
      type: 'FailAssignment',
      operationId: 'op-1',
      errorCode: 400_211,
      errorMessage: 'the hub is full',
      at: instantOf(6),
    });
    expect(told(history)[0]).toMatch(/failed with error 400211, because hub-b could not take it: the hub is full\.$/);
    expect(facts(history)).toMatchObject({ state: 'failed', hub: 'hub-a', error: { code: 400_211 }, twin: null });
  });
});

describe('the grounds', () => {
  test('name hubs that were left out, each with its reason', () => {
    const hubs = [
      hub('hub-a'),
      hub('hub-b'),
      hub('hub-c', { cordoned: true }),
      hub('hub-d', { draining: true }),
      hub('hub-e', { capacity: 3, devices: 3 }),
      hub('hub-f', { unreachable: true }),
    ];
    const sentences = told(done(again({ reprovisionPolicy: migrate }, { hubs, operationId: 'op-2' })));
    expect(sentences).toEqual(
      expect.arrayContaining([
        'Hub hub-c was left out: it was cordoned and took no new devices.',
        'Hub hub-d was left out: it was being drained.',
        'Hub hub-e was left out: it was full: 3 of 3 devices.',
        'Hub hub-f was left out: it could not be reached.',
      ]),
    );
  });

  test('name latencies', () => {
    const region = { name: 'europe', network: '10.0.0.0/8', latenciesMs: { west: 10, east: 90 }, toleranceMs: 5 };
    const hubs = [hub('hub-a', { location: 'east' }), hub('hub-b', { location: 'west' })];
    const sentences = told(done(again({ allocationPolicy: 'geoLatency', reprovisionPolicy: migrate }, { hubs, region })));
    expect(sentences.join(' ')).toContain(
      'from region europe (network 10.0.0.0/8), with these latencies: hub-a 90 ms and hub-b 10 ms',
    );
  });

  test('name what the webhook said', () => {
    const custom = { allocationPolicy: 'custom', reprovisionPolicy: migrate } as const;
    const initialTwin = { tags: {}, desired: { a: 1 } };
    const answered = { outcome: 'answered', status: 200, durationMs: 12, hub: 'hub-b', initialTwin, payload: null } as const;
    const sentences = told(done(again(custom, { webhook: answered })));
    expect(sentences[0]).toContain('it started anew with the twin that the webhook gave');
    expect(sentences).toContain('The webhook answered after 12 ms: hub-b, and gave an initial twin.');
    const failed = { outcome: 'failed', status: 500, durationMs: 12, reason: 'the answer was no success' } as const;
    expect(told(again(custom, { webhook: failed }))).toContain(
      'The webhook failed with status 500 after 12 ms: the answer was no success.',
    );
  });

  test('name a campaign', () => {
    const destination = { type: 'SetDestination', destination: { campaignId: 'c-1', hub: 'hub-b' }, at: instantOf(3) } as const;
    const command = register({ operationId: 'op-1', hubs: both, entry: { iotHubs: ['hub-a'], reprovisionPolicy: migrate } });
    const sentences = told(done(settled().send(destination, command)));
    expect(sentences[0]).toContain('campaign c-1 sends it there; its twin went along');
    expect(sentences).toContain('Campaign c-1 sends the device to hub-b, which goes before the allocation policy.');
  });
});
