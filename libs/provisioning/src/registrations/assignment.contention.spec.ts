import fc from 'fast-check';
import { InMemoryEventStore } from '@app/event-sourcing';
import { AssignmentProcess } from './assignment.process';
import { RegistrationStore } from './registration.store';
import { register } from './testing/commands';
import { InMemoryHubs } from './testing/in-memory-hubs';

const id = 'dev-1';
const request = { actor: { kind: 'device', name: id }, correlationId: 'c' } as const;
const credentials = { type: 'sas', primaryKey: 'cA==', secondaryKey: 'cw==' } as const;

function processOf(registrations: RegistrationStore, gateway: InMemoryHubs): AssignmentProcess {
  return new AssignmentProcess({
    registrations,
    gateway,
    facts: {
      credentialsOf: () => Promise.resolve(credentials),
      connectionTo: (hostName) => Promise.resolve({ hostName, connectionString: '' }),
    },
    log: { warn: () => undefined },
    now: () => new Date('2026-01-01T00:00:00Z'),
    failpoint: () => undefined,
  });
}

describe('a device whose back end writes all the time', () => {
  it.each([true, false])(
    'moves at the first attempt, with the last write (its twin goes along: %s)',
    async (migrateDeviceData) => {
      await fc.assert(
        // After each call to a hub the back end may have written: as often as not.
        fc.asyncProperty(fc.infiniteStream(fc.boolean()), async (writes) => {
          const registrations = new RegistrationStore(new InMemoryEventStore());
          const hubs = new InMemoryHubs();
          const process = processOf(registrations, hubs);
          const reprovisionPolicy = { updateHubAssignment: true, migrateDeviceData };
          const first = register({ operationId: 'op-1', entry: { iotHubs: ['hub-a'], reprovisionPolicy } });
          await registrations.handle(id, first, request);
          await process.run(id);
          let written = 0;
          hubs.watch = () => {
            if (hubs.at('hub-a', id) !== undefined && writes.next().value === true)
              hubs.touch('hub-a', id, { written: ++written });
          };

          const second = register({ operationId: 'op-2', entry: { iotHubs: ['hub-b'], reprovisionPolicy } });
          await registrations.handle(id, second, request);
          const state = await process.run(id);

          expect(state).toMatchObject({ status: 'assigned', hub: 'hub-b' });
          expect(hubs.at('hub-a', id)).toBeUndefined();
          const { twin } = hubs.at('hub-b', id) ?? {};
          expect(twin?.tags).toEqual(migrateDeviceData && written > 0 ? { written } : { site: 'factory' });
        }),
      );
    },
  );
});

describe('a device that an operator disables in the middle of a move', () => {
  it.each([
    ['before it is fenced', 1],
    ['after it is fenced and read', 2],
  ])('%s arrives disabled, with the reason', async (_when, call) => {
    const registrations = new RegistrationStore(new InMemoryEventStore());
    const hubs = new InMemoryHubs();
    const process = processOf(registrations, hubs);
    const reprovisionPolicy = { updateHubAssignment: true, migrateDeviceData: true };
    const first = register({ operationId: 'op-1', entry: { iotHubs: ['hub-a'], reprovisionPolicy } });
    await registrations.handle(id, first, request);
    await process.run(id);
    hubs.calls = 0;
    hubs.watch = () => {
      const device = hubs.at('hub-a', id);
      if (hubs.calls !== call || device === undefined) return;
      hubs.devices.set(`hub-a/${id}`, { ...device, status: 'disabled', statusReason: 'stolen', tag: 'by-operator' });
    };

    const second = register({ operationId: 'op-2', entry: { iotHubs: ['hub-b'], reprovisionPolicy } });
    await registrations.handle(id, second, request);
    await process.run(id);

    expect(hubs.at('hub-b', id)).toMatchObject({ status: 'disabled', statusReason: 'stolen' });
    expect(hubs.at('hub-a', id)).toBeUndefined();
  });
});
