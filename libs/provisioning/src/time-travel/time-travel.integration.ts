import * as fc from 'fast-check';
import { fold } from '@app/event-sourcing';
import { findDeviceStatus } from '../read-models/device-status.queries';
import { findHubMembership } from '../read-models/hub-membership.queries';
import { ReadModels, startReadModels } from '../read-models/testing/read-model-database';
import { findTwinData } from '../read-models/twin-data.queries';
import { registrationDecider } from '../registrations/registration.decider';
import { registrationCodec, registrationStream } from '../registrations/registration.events';
import { currentAssignment } from '../registrations/registration.state';
import { FleetChange, FleetTotals, Placement, fleetDiff } from './fleet-diff.queries';
import { fleetAt, fleetDevices } from './fleet.queries';
import { noHubTwins } from './hub-twins';
import { pastDevice, pastTwin } from './past-device';
import { attempts, interleaved, lifeOf } from './testing/random-fleet';

const DEVICES = 24;
const SEED = 20_260_202;
const START_MS = Date.UTC(2026, 5, 1);
const ids = Array.from({ length: DEVICES }, (_, index) => `Dev-${index}`);

let readModels: ReadModels;
/** The log's clock; some events share their time. */
let nowMs = START_MS;
let last: Date;
const time = (second: number): string => new Date(START_MS + second * 1_000).toISOString();
let seconds = 0;

beforeAll(async () => {
  readModels = await startReadModels(() => new Date(nowMs));
  const lives = fc.sample(attempts, { seed: SEED, numRuns: DEVICES }).map((life, index) => lifeOf(ids[index] ?? '', life));
  const [choices = []] = fc.sample(fc.array(fc.nat(1_000), { minLength: 50, maxLength: 50 }), { seed: SEED, numRuns: 1 });
  for (const [index, event] of interleaved(lives, choices).entries()) {
    if (index % 3 !== 0) seconds++;
    nowMs = START_MS + seconds * 1_000;
    const { stream, id, type, data, metadata } = event;
    await readModels.store.append(stream, 'any', [{ id, type, data, metadata }]);
  }
  await readModels.take([]);
  last = new Date(nowMs);
});
afterAll(() => readModels.close());

type Places = ReadonlyMap<string, Placement>;

/** Pages of three, so that cursors are used. */
async function placesAt(at: string): Promise<Places> {
  const places = new Map<string, Placement>();
  let cursor: string | undefined;
  do {
    const page = await fleetDevices(readModels.database, at, {}, { limit: 3, cursor });
    for (const { registrationId, hub, status } of page.items) places.set(registrationId, { hub, status });
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  return places;
}

/** What the decider's own fold says, read model or not. */
async function foldedAt(at: string): Promise<Places> {
  const places = new Map<string, Placement>();
  for (const id of ids) {
    const { events } = await readModels.store.readStream(registrationStream(id));
    const past = events.filter(({ recordedAt }) => recordedAt <= at);
    const state = fold(
      registrationDecider,
      past.map((event) => registrationCodec.decode(event)),
    );
    if (state.status !== 'unassigned') places.set(id, { hub: currentAssignment(state)?.hub ?? null, status: state.status });
  }
  return places;
}

async function allChanges(from: string, to: string): Promise<{ items: readonly FleetChange[]; totals: FleetTotals }> {
  const items: FleetChange[] = [];
  let cursor: string | undefined;
  for (;;) {
    const page = await fleetDiff(readModels.database, { from, to, twinChangesTable: null }, { limit: 3, cursor });
    items.push(...page.items);
    if (page.nextCursor === null) return { items, totals: page.totals };
    cursor = page.nextCursor;
  }
}

const instants = (): fc.Arbitrary<number> => fc.integer({ min: -1, max: seconds + 1 });

describe('the fleet at an instant', () => {
  test('is a fleet: most words and both hubs occur', async () => {
    const { statuses, hubs } = await fleetAt(readModels.database, time(seconds));
    expect(statuses.map(({ status }) => status)).toEqual(['assigned', 'assigning', 'disabled', 'failed']);
    expect(hubs.map(({ hub }) => hub)).toEqual(['hub-a', 'hub-b']);
  });

  test('equals a fold of what had been recorded by then, at every instant', async () => {
    for (let second = -1; second <= seconds; second++) {
      const at = time(second);
      const places = await placesAt(at);
      expect(places).toEqual(await foldedAt(at));
      const fleet = await fleetAt(readModels.database, at);
      expect(fleet.devices).toBe(places.size);
      for (const { hub, devices } of fleet.hubs) {
        expect(devices).toBe([...places.values()].filter((place) => place.hub === hub).length);
        const there = await fleetDevices(readModels.database, at, { hub }, { limit: 1_000 });
        expect(there.items).toHaveLength(devices);
      }
    }
  });

  test('now equals the read model', async () => {
    const places = await placesAt(last.toISOString());
    for (const id of ids) {
      const status = await findDeviceStatus(readModels.database, id);
      const expected = status === undefined ? undefined : { hub: status.assignedHub, status: status.status };
      expect(places.get(id)).toEqual(expected);
    }
  });
});

describe('the difference of two instants', () => {
  test('applied to the first gives the second', async () => {
    const holds = async (a: number, b: number): Promise<void> => {
      const [from, to] = [time(Math.min(a, b)), time(Math.max(a, b))];
      const places = new Map(await placesAt(from));
      const { items, totals } = await allChanges(from, to);
      for (const { registrationId, from: before, to: after } of items) {
        expect(places.get(registrationId) ?? null).toEqual(before);
        if (after === null) places.delete(registrationId);
        else places.set(registrationId, after);
      }
      expect(places).toEqual(await placesAt(to));
      const count = (word: string): number => items.filter(({ change }) => change === word).length;
      expect(totals).toEqual({
        moved: count('moved'),
        appeared: count('appeared'),
        removed: count('removed'),
        statusChanged: count('statusChanged'),
        twinsChanged: items.filter(({ twinChanged }) => twinChanged).length,
      });
    };
    await fc.assert(fc.asyncProperty(instants(), instants(), holds), { numRuns: 40, seed: SEED });
  });

  test('says whose twin was written in between, and of nobody else', async () => {
    const [from, to] = [time(Math.floor(seconds / 4)), time(Math.floor((3 * seconds) / 4))];
    const written = new Set<string>();
    for (const id of ids) {
      const { events } = await readModels.store.readStream(registrationStream(id));
      const between = events.filter(({ recordedAt }) => recordedAt > from && recordedAt <= to);
      if (between.some(({ type }) => type === 'TwinMigrated' || type === 'TwinReset')) written.add(id);
    }
    const { items } = await allChanges(from, to);
    const told = items.filter(({ twinChanged }) => twinChanged).map(({ registrationId }) => registrationId);
    expect(written.size).toBeGreaterThan(0);
    expect(new Set(told)).toEqual(written);
  });
});

describe('one device', () => {
  test('now, told from its events, equals the read models', async () => {
    for (const id of ids) {
      const status = await findDeviceStatus(readModels.database, id);
      const then = { at: last.toISOString() };
      if (status === undefined) {
        await expect(pastDevice(readModels.store, id, then, last)).rejects.toThrow(/had been deleted/);
        continue;
      }
      const { asOf, assigningForMs: _age, ...device } = await pastDevice(readModels.store, id, then, last);
      const membership = (await findHubMembership(readModels.database, id)) ?? null;
      expect(device).toEqual({ ...status, membership });
      const twinNow = await findTwinData(readModels.database, id);
      const twinThen = pastTwin(readModels.store, noHubTwins, id, then, last);
      if (twinNow === undefined) await expect(twinThen).rejects.toThrow(/had never had a hub/);
      else {
        const { asOf: sameMoment, atHub: _atHub, ...twin } = await twinThen;
        expect(sameMoment).toEqual(asOf);
        expect(twin).toEqual(twinNow);
      }
    }
  });

  test('at each revision stands as the fold of its events says', async () => {
    for (const id of ids) {
      const { events } = await readModels.store.readStream(registrationStream(id));
      for (const { revision, recordedAt } of events) {
        const past = events.slice(0, Number(revision) + 1).map((event) => registrationCodec.decode(event));
        const state = fold(registrationDecider, past);
        const asked = pastDevice(readModels.store, id, { revision: revision.toString() }, last);
        if (state.status === 'unassigned') {
          await expect(asked).rejects.toThrow(/had been deleted/);
          continue;
        }
        const { status, assignedHub, asOf } = await asked;
        expect({ status, assignedHub }).toEqual({ status: state.status, assignedHub: currentAssignment(state)?.hub ?? null });
        expect(asOf).toEqual({ time: recordedAt, revision: revision.toString(), recordedAt });
      }
    }
  });
});
