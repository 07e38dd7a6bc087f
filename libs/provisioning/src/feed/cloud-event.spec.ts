import { RecordedEvent } from '@app/event-sourcing';
import { cloudEvent } from './cloud-event';
import { feedFilter } from './feed-filter';
import { endMessage, eventMessage, heartbeatMessage } from './server-sent-events';

const recorded = (overrides: Partial<RecordedEvent> = {}): RecordedEvent => ({
  id: '018f0000-0000-7000-8000-000000000001',
  type: 'TwinMigrated',
  stream: 'registration-sn-42',
  revision: 3n,
  position: '17',
  recordedAt: '2026-01-01T00:00:00.000Z',
  metadata: { actor: { kind: 'device', name: 'sn-42' }, correlationId: 'c', causationId: 'b' },
  data: { from: 'hub-a', to: 'HUB-B', note: 'two\nlines', key: { sealed: 'v1.x', fingerprint: 'f' } },
  ...overrides,
});

describe('an event as a CloudEvent', () => {
  const event = cloudEvent(recorded());

  it('has every attribute that CloudEvents 1.0 requires, none of them empty', () => {
    for (const name of ['id', 'source', 'specversion', 'type'] as const) expect(event[name]).toMatch(/^.+$/);
    expect(event).toMatchObject({
      specversion: '1.0',
      type: 'rehome.TwinMigrated',
      subject: 'sn-42',
      datacontenttype: 'application/json',
    });
    expect(new Date(event.time).toISOString()).toBe(event.time);
  });

  it('names its attributes as the specification wants it, with plain text as their values', () => {
    const { data, ...attributes } = event;
    expect(Object.keys(attributes).filter((name) => !/^[a-z0-9]{1,20}$/.test(name))).toEqual([]);
    expect(Object.values(attributes).filter((value) => typeof value !== 'string')).toEqual([]);
    expect(typeof data).toBe('object');
  });

  it('withholds sealed secrets', () => {
    expect(event.data).toMatchObject({ from: 'hub-a', key: 'withheld' });
  });

  it('is about its stream where it is about no device', () => {
    expect(cloudEvent(recorded({ stream: 'linkedHubs' })).subject).toBe('linkedHubs');
  });
});

describe('filters', () => {
  const passes = (filter: object, event = recorded()): boolean =>
    feedFilter({ types: [], devices: [], hubs: [], ...filter })(event);

  it.each<[object, boolean]>([
    [{}, true],
    [{ types: ['TwinMigrated', 'TwinReset'] }, true],
    [{ types: ['TwinReset'] }, false],
    [{ devices: ['SN-42'] }, true],
    [{ devices: ['sn-4'] }, false],
    [{ hubs: ['Hub-A'] }, true],
    [{ hubs: ['hub-b'] }, true],
    [{ hubs: ['hub-c'] }, false],
    [{ types: ['TwinMigrated'], devices: ['sn-42'], hubs: ['hub-c'] }, false],
  ])('%j', (filter, expected) => {
    expect(passes(filter)).toBe(expected);
  });

  it('finds hubs in plans and in linked hubs, and no device in other streams', () => {
    const planned = recorded({ data: { plan: { action: 'create', to: 'hub-x' } } });
    expect(passes({ hubs: ['hub-x'] }, planned)).toBe(true);
    expect(passes({ hubs: ['hub-x'] }, recorded({ data: { hub: { hostName: 'hub-x' } } }))).toBe(true);
    expect(passes({ devices: ['linkedHubs'] }, recorded({ stream: 'linkedHubs' }))).toBe(false);
  });
});

describe('server-sent events', () => {
  it('are one line of data under the position', () => {
    const [id, event, data, ...rest] = eventMessage(cloudEvent(recorded())).split('\n');
    expect([id, event, rest]).toEqual(['id: 17', 'event: rehome.TwinMigrated', ['', '']]);
    expect(JSON.parse((data ?? '').slice('data: '.length))).toMatchObject({ id: recorded().id, data: { note: 'two\nlines' } });
  });

  it('move the last event id on with heartbeats, and leave it at the end', () => {
    expect(heartbeatMessage('18')).toBe(': heartbeat\nid: 18\n\n');
    expect(heartbeatMessage('start')).not.toContain('id:');
    expect(endMessage('too-slow')).not.toContain('id:');
  });
});
