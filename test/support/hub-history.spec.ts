import { JsonObject, RecordedEvent } from '@app/event-sourcing';
import { AssignmentPlan } from '@app/provisioning';
import { fenceMarker } from '@app/provisioning/registrations/move.steps';
import { hubHistoryViolations } from './hub-history';

const OPERATION = 'operation-1';
const initialTwin = { tags: { site: 'factory' }, desired: {} };
const marked = { status: 'disabled', statusReason: fenceMarker(OPERATION) };
const at = '2026-01-31T12:00:00.000Z';

/** A hub's log, one event after the other. */
class HubLog {
  readonly events: RecordedEvent[] = [];
  private readonly revisions = new Map<string, bigint>();

  has(hub: string, identity: object, tags: JsonObject = initialTwin.tags, reportedVersion = 1): this {
    const section = (version: number): JsonObject => ({ values: {}, version, metadata: {} });
    const twin = { tags, desired: section(1), reported: section(reportedVersion) };
    const credentials = { type: 'none' };
    return this.add(hub, 'DeviceImported', {
      deviceId: 'd',
      generationId: hub,
      credentials,
      iotEdge: false,
      ...identity,
      ...twin,
      at,
    });
  }

  becomes(hub: string, identity: object): this {
    return this.add(hub, 'DeviceIdentityUpdated', { credentials: { type: 'none' }, iotEdge: false, ...identity, at });
  }

  loses(hub: string): this {
    return this.add(hub, 'DeviceDeleted', { generationId: hub, at });
  }

  private add(hub: string, type: string, data: object): this {
    const stream = `device-${hub}/d`;
    const revision = (this.revisions.get(stream) ?? -1n) + 1n;
    this.revisions.set(stream, revision);
    const metadata = { actor: { kind: 'system', name: 'test' }, correlationId: 'c', causationId: 'c' } as const;
    const position = String(this.events.length + 1);
    this.events.push({ id: position, type, data: data as JsonObject, metadata, stream, revision, position, recordedAt: at });
    return this;
  }
}

const enabled = { status: 'enabled', statusReason: null };
const found = (log: HubLog, plan: AssignmentPlan): string[] =>
  hubHistoryViolations(log.events, new Map([[OPERATION, { plan, initialTwin } as never]]));

const migrate: AssignmentPlan = { action: 'migrate', from: 'a', to: 'b' };
const reset: AssignmentPlan = { action: 'reset', from: 'a', to: 'b' };

describe('the history of the hubs', () => {
  it('has nothing against a move in the right order', () => {
    const log = new HubLog().has('a', enabled).becomes('a', marked).has('b', marked).loses('a').becomes('b', enabled);
    expect(found(log, migrate)).toEqual([]);
    expect(found(log, reset)).toEqual([]);
  });

  it('shows a device that is enabled in two hubs', () => {
    expect(found(new HubLog().has('a', enabled).has('b', enabled), migrate)).toEqual(['I2: d is enabled in a and b at 2']);
  });

  it('shows an old copy that is deleted before there is a new one, or a new one while it is the only one', () => {
    const last = new HubLog().has('a', enabled).becomes('a', marked).loses('a');
    expect(found(last, migrate)).toEqual(['I3: the last copy of d was deleted at a, at 3']);
    expect(found(new HubLog().has('b', marked).loses('b'), migrate)).toEqual(['I3: the last copy of d was deleted at b, at 2']);
  });

  it('shows an old copy that is deleted although the new one has another twin, or versions that went back', () => {
    const before = (): HubLog => new HubLog().has('a', marked, { site: 'paris' }, 3);
    const breach = ['I3: d was deleted at a, at 3, before b had its twin'];
    expect(found(before().has('b', marked, { site: 'factory' }, 3).loses('a'), migrate)).toEqual(breach);
    expect(found(before().has('b', marked, { site: 'paris' }, 2).loses('a'), migrate)).toEqual(breach);
    expect(found(before().has('b', marked, { site: 'paris' }, 4).loses('a'), migrate)).toEqual([]);
  });

  it('shows a device that is let loose after a reset with another twin than its initial one', () => {
    const log = new HubLog().has('b', marked, { site: 'paris' }).becomes('b', enabled);
    expect(found(log, reset)).toEqual(['I4: d was enabled at b, at 2, with another twin than its initial one']);
    expect(found(log, migrate)).toEqual([]);
  });
});
