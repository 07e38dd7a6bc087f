import { InMemoryEventStore, silentLog } from '@app/event-sourcing';
import { create, remove, setStatus } from '../testing/device-commands';
import { DeviceCommand } from './device.decider';
import { DeviceDirectory, fillDirectories } from './device-directory';
import { HubDevices } from './hub-devices';

const context = { actor: { kind: 'system', name: 'test' }, correlationId: 'test' } as const;
let nextId = 0;
const newId = (): string => `00000000-0000-4000-8000-${String(++nextId).padStart(12, '0')}`;

let store: InMemoryEventStore;
beforeEach(() => {
  store = new InMemoryEventStore();
});
afterEach(() => store.close());

const hub = (hubName = 'hub'): HubDevices => new HubDevices({ hubName, store, newId });
const createNamed = (deviceId: string): DeviceCommand => ({ ...create, deviceId });

async function filled(devices: HubDevices, hubName = 'hub'): Promise<HubDevices> {
  await fillDirectories(store, new Map([[hubName, devices.directory]]), new AbortController().signal, silentLog);
  return devices;
}

describe('the directory of a hub', () => {
  it('read from the log is what it was before the restart', async () => {
    const before = await filled(hub());
    for (const id of ['a', 'b', 'c', 'd']) await before.execute(id, createNamed(id), context);
    await before.execute('a', remove(), context);
    await before.execute('b', setStatus('disabled'), context);
    await before.execute('c', remove(), context);
    await before.execute('a', createNamed('a'), context);
    await hub('hub-2').execute('x', createNamed('x'), context);
    for (const { directory } of [before, await filled(hub())]) {
      expect(directory.list(undefined, 10)).toEqual(['b', 'd', 'a']);
      expect(directory.list('b', 1)).toEqual(['d']);
      expect([directory.totalCount, directory.enabledCount, directory.disabledCount]).toEqual([3, 2, 1]);
      expect(['a', 'c', 'x'].map((id) => directory.has(id))).toEqual([true, false, false]);
      expect(['a', 'c', 'x'].map((id) => directory.neverExisted(id))).toEqual([false, false, true]);
    }
  });

  it('claims nothing about devices before it is read', () => {
    const directory = new DeviceDirectory();
    expect(directory.neverExisted('a')).toBe(false);
    directory.markComplete();
    expect(directory.neverExisted('a')).toBe(true);
  });

  it('believes own writes more than what it still reads of the log', () => {
    const directory = new DeviceDirectory();
    directory.noteFromLog('a', 'enabled');
    directory.note('a', 'deleted');
    directory.noteFromLog('a', 'disabled');
    directory.markComplete();
    expect([directory.has('a'), directory.totalCount]).toEqual([false, 0]);
  });

  it('goes on where it stood when the store fails', async () => {
    const writer = hub();
    for (const id of ['a', 'b']) await writer.execute(id, createNamed(id), context);
    const subscribe = store.subscribeToAll.bind(store);
    const begins: string[] = [];
    store.subscribeToAll = async function* (options) {
      begins.push(options.from);
      for await (const batch of subscribe({ ...options, batchSizeMax: 1 })) {
        yield begins.length === 1 ? { ...batch, caughtUp: false } : batch;
        if (begins.length === 1) throw new Error('the connection is lost');
      }
    };
    const { directory } = await filled(hub());
    expect(begins).toHaveLength(2);
    expect(begins[0]).toBe('start');
    expect(begins[1]).not.toBe('start');
    expect(directory.list(undefined, 10)).toEqual(['a', 'b']);
  });

  it('stops being read when the hub closes', async () => {
    store.subscribeToAll = () => {
      throw new Error('the store is away');
    };
    const closing = new AbortController();
    const filling = fillDirectories(store, new Map(), closing.signal, silentLog);
    closing.abort();
    await expect(filling).resolves.toBeUndefined();
  });
});

describe('after an append whose outcome nobody knows', () => {
  it('the device is read from the store until it is certain', async () => {
    const devices = await filled(hub());
    const append = store.append.bind(store);
    store.append = async (...given) => {
      await append(...given);
      throw new Error('the answer is lost');
    };
    await expect(devices.execute('a', createNamed('a'), context)).rejects.toThrow('the answer is lost');
    store.append = append;
    expect(await devices.find('a')).toMatchObject({ deviceId: 'a' });
    expect(devices.directory.list(undefined, 10)).toEqual(['a']);
    const other = hub();
    await other.execute('a', setStatus('disabled'), context);
    expect(await devices.find('a')).toMatchObject({ status: 'disabled' });
  });

  it('a late success is seen, although nothing was there at first', async () => {
    const devices = await filled(hub());
    const append = store.append.bind(store);
    let land = (): void => undefined;
    store.append = async (...given) => {
      land = () => void append(...given);
      return Promise.reject(new Error('no answer in time'));
    };
    await expect(devices.execute('a', createNamed('a'), context)).rejects.toThrow('no answer in time');
    expect(await devices.find('a')).toBeUndefined();
    land();
    expect(await devices.find('a')).toMatchObject({ deviceId: 'a' });
  });
});

describe('a hub that is full', () => {
  it('takes no more devices but serves those it has', async () => {
    const devices = await filled(hub());
    await devices.execute('a', createNamed('a'), context);
    Object.defineProperty(devices.directory, 'totalCount', { value: 1_000_000 });
    await expect(devices.execute('b', createNamed('b'), context)).rejects.toMatchObject({ code: 'IotHubQuotaExceeded' });
    expect(await devices.write('a', setStatus('disabled'), context)).toMatchObject({ status: 'disabled' });
  });
});
