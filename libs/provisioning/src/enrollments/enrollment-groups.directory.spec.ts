import { EventBatch, EventStore, InMemoryEventStore, Log, silentLog, SubscribeOptions } from '@app/event-sourcing';
import { EnrollmentEvent, enrollmentCodec, enrollmentGroupStream, individualEnrollmentStream } from './enrollment.events';
import { EnrollmentGroupsDirectory } from './enrollment-groups.directory';
import { at, created, seal, storedEntry } from './testing/commands';

const metadata = { actor: { kind: 'system', name: 'test' }, correlationId: 'c', causationId: 'c' } as const;
let ids = 0;
const newId = () => `00000000-0000-4000-8000-${String(++ids).padStart(12, '0')}`;
const write = (store: EventStore, stream: string, ...events: EnrollmentEvent[]) =>
  store.append(
    stream,
    'any',
    events.map((event) => enrollmentCodec.encode(event, newId(), metadata)),
  );
const groupCreated = (id: string) => created({ kind: 'group', id });
const deleted: EnrollmentEvent = { type: 'EnrollmentDeleted', data: { at: at(9) } };
const updated = (entry: object): EnrollmentEvent => ({
  type: 'EnrollmentUpdated',
  data: { entry: { ...storedEntry, kind: 'group', ...entry }, at: at(2) },
});

describe('the directory of enrollment groups', () => {
  let store: InMemoryEventStore;
  let directory: EnrollmentGroupsDirectory;
  const logged: string[] = [];
  const log: Log = { ...silentLog, warn: (_fields, message) => void logged.push(message) };
  beforeEach(() => {
    logged.length = 0;
    store = new InMemoryEventStore();
    directory = new EnrollmentGroupsDirectory(store, log);
  });
  afterEach(async () => {
    await directory.stop();
    await store.close();
  });
  const idsNow = async (): Promise<string[]> => {
    expect(await directory.caughtUpTo(await store.headPosition(), 5_000)).toBe(true);
    return directory
      .list()
      .map(({ enrollmentGroupId }) => enrollmentGroupId)
      .sort();
  };

  it('knows the groups that attest by symmetric keys, from before its start and after it', async () => {
    await write(store, enrollmentGroupStream('Before'), groupCreated('Before'));
    await write(store, individualEnrollmentStream('dev-1'), created());
    directory.start();
    expect(await idsNow()).toEqual(['Before']);
    await write(store, enrollmentGroupStream('After'), groupCreated('After'));
    expect(await idsNow()).toEqual(['After', 'Before']);
    expect(directory.has('AFTER')).toBe(true);
    expect(directory.has('dev-1')).toBe(false);
  });

  it('begins with what is known already, and misses nothing that came after', async () => {
    const g1 = enrollmentGroupStream('g1');
    await write(store, g1, groupCreated('g1'));
    await write(store, enrollmentGroupStream('gone'), groupCreated('gone'));
    const position = await store.headPosition();
    await write(store, enrollmentGroupStream('gone'), deleted);
    await write(store, enrollmentGroupStream('g2'), groupCreated('g2'));
    const subscribed = jest.spyOn(store, 'subscribeToAll');
    directory = new EnrollmentGroupsDirectory(store, log, () =>
      Promise.resolve({ position, streams: [g1, enrollmentGroupStream('gone')] }),
    );
    directory.start();
    expect(await idsNow()).toEqual(['g1', 'g2']);
    expect(subscribed).toHaveBeenCalledWith(expect.objectContaining({ from: position }));
  });

  it('reads the whole log when what is known cannot be read', async () => {
    await write(store, enrollmentGroupStream('g1'), groupCreated('g1'));
    directory = new EnrollmentGroupsDirectory(store, log, () => Promise.reject(new Error('no database')));
    directory.start();
    expect(await idsNow()).toEqual(['g1']);
    expect(logged).toContain('the known enrollment groups could not be read, so the whole log is');
  });

  it('follows keys, other kinds of attestation and deletions', async () => {
    directory.start();
    const stream = enrollmentGroupStream('g');
    const primaryKey = seal('rotated');
    const attestation = { ...storedEntry.attestation, primaryKey };
    await write(store, stream, groupCreated('g'), updated({ id: 'g', attestation }));
    expect(await idsNow()).toEqual(['g']);
    expect(directory.list()[0]?.primaryKey).toEqual(primaryKey);
    const references = { primary: 'ca', secondary: null };
    const x509 = { type: 'x509', clientCertificates: null, signingCertificates: null, caReferences: references };
    await write(store, stream, updated({ id: 'g', attestation: x509 }));
    expect(await idsNow()).toEqual([]);
    await write(store, stream, updated({ id: 'g', attestation }), { type: 'EnrollmentDisabled', data: { at: at(3) } });
    expect(await idsNow()).toEqual(['g']);
    await write(store, stream, deleted);
    expect(await idsNow()).toEqual([]);
  });

  it('does not wait longer than it is told', async () => {
    await write(store, enrollmentGroupStream('g'), groupCreated('g'));
    expect(await directory.caughtUpTo(await store.headPosition(), 10)).toBe(false);
    directory.start();
    expect(await directory.caughtUpTo('99', 10)).toBe(false);
    expect(await directory.caughtUpTo(await store.headPosition(), 5_000)).toBe(true);
  });

  it('lets nobody wait for ever when it is stopped', async () => {
    directory.start();
    const waiting = directory.caughtUpTo('99', 60_000);
    await directory.stop();
    expect(await waiting).toBe(false);
  });

  it('takes the log up again where it lost it', async () => {
    await write(store, enrollmentGroupStream('first'), groupCreated('first'));
    let subscriptions = 0;
    const failing = Object.create(store, {
      subscribeToAll: {
        value: async function* (options: SubscribeOptions): AsyncGenerator<EventBatch> {
          if (++subscriptions > 1) {
            yield* store.subscribeToAll(options);
            return;
          }
          for await (const batch of store.subscribeToAll(options)) {
            yield batch;
            throw new Error('the log went away');
          }
        },
      },
    }) as EventStore;
    directory = new EnrollmentGroupsDirectory(failing, log);
    directory.start();
    expect(await idsNow()).toEqual(['first']);
    await write(store, enrollmentGroupStream('second'), groupCreated('second'));
    expect(await idsNow()).toEqual(['first', 'second']);
    expect(subscriptions).toBe(2);
    expect(logged).toEqual(['a subscription failed']);
  });
});
