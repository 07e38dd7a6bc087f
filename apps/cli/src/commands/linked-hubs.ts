import { columns } from '../output/columns';
import { usageError } from '../exit-codes';
import { Noun, Values, verb } from '../verb';
import { ifMatch, part, shared } from './inputs';

const { text } = shared;
const named = { 'linked-hub': { ...text('Host name of the hub', ['hub-name', 'hn']), demandOption: true } } as const;
const settings = {
  'allocation-weight': {
    type: 'number',
    alias: 'aw',
    describe: 'Share of new devices under the policy hashed, 1 to 1000',
    requiresArg: true,
  },
  'apply-allocation-policy': {
    type: 'boolean',
    alias: 'ap',
    describe: 'No: devices go there only where their enrollment names it',
  },
  location: text('Where it is, as the table of latencies names it'),
  cordon: { type: 'boolean', describe: 'Take no new devices; --no-cordon ends it' },
  drain: { type: 'boolean', describe: 'Take no new devices and let those that are there move; --no-drain ends it' },
  capacity: text('How many devices it may have, about; "none" lifts the limit'),
} as const;
const CAPACITY = /^\d+$/;

const hubColumns = columns({
  hub: 'name',
  location: 'location',
  weight: 'allocationWeight',
  allocates: 'applyAllocationPolicy',
  cordoned: 'cordoned',
  draining: 'draining',
  capacity: 'capacity',
  changed: 'updatedAt',
});

export const linkedHubNoun: Noun = {
  command: 'linked-hub',
  summary: 'Hubs that devices can be assigned to',
  verbs: [
    verb({
      command: 'create',
      summary: 'Link a hub by its connection string',
      options: {
        'connection-string': { ...text('Of a policy of the hub that may write its registry', 'cs'), demandOption: true },
        'hub-name': text('Host name of the hub; the one in the connection string when left out', 'hn'),
        ...settings,
      },
      examples: [
        ['linked-hub create --connection-string "$IOTHUB_CONNECTION_STRING" --location westeurope', 'a hub in western Europe'],
      ],
      run: async (values, { service, printer }) => {
        const { connectionString } = values;
        const hub = values.hubName ?? /HostName=([^;]+)/.exec(connectionString)?.[1];
        if (hub === undefined) throw usageError('the connection string names no host; give --hub-name');
        printer.one(
          await service.manage('PUT', `/linked-hubs/${part(hub)}`, { body: { connectionString, ...settingsIn(values) } }),
        );
      },
    }),
    verb({
      command: 'update',
      summary: 'Change the weight, the capacity or the availability of a hub; what is not mentioned stays',
      options: { ...named, 'connection-string': text('A new one, when keys have changed', 'cs'), ...settings, etag: shared.etag },
      examples: [
        ['linked-hub update --linked-hub hub-a.example.com --drain', 'empty it'],
        ['linked-hub update --linked-hub hub-a.example.com --no-drain --allocation-weight 10 --capacity none', 'and back'],
      ],
      run: async (values, { service, printer }) => {
        const { linkedHub, connectionString, etag } = values;
        const body = { ...(connectionString === undefined ? {} : { connectionString }), ...settingsIn(values) };
        const path = `/linked-hubs/${part(linkedHub)}`;
        // A hub that is not linked would be asked for its connection string.
        const { etag: present } = (await service.manage('GET', path)) as { etag: string };
        const headers = ifMatch(etag ?? present);
        printer.one(await service.manage('PUT', path, { body, headers }));
      },
    }),
    verb({
      command: 'list',
      summary: 'List linked hubs',
      options: {},
      examples: [['linked-hub list', 'all of them']],
      run: async (_values, { service, printer }) => {
        const { items } = (await service.manage('GET', '/linked-hubs')) as { items: unknown[] };
        printer.list(hubColumns, items);
      },
    }),
    verb({
      command: 'show',
      summary: 'Show one linked hub',
      options: named,
      examples: [['linked-hub show --linked-hub hub-a.example.com', 'its settings and its etag']],
      run: async ({ linkedHub }, { service, printer }) => {
        printer.one(await service.manage('GET', `/linked-hubs/${part(linkedHub)}`));
      },
    }),
    verb({
      command: 'delete',
      summary: 'Unlink a hub; its devices stay there until they come back',
      options: { ...named, etag: shared.etag },
      examples: [['linked-hub delete --linked-hub hub-a.example.com', 'whatever its etag is']],
      run: async ({ linkedHub, etag }, { service, printer }) => {
        await service.manage('DELETE', `/linked-hubs/${part(linkedHub)}`, { headers: ifMatch(etag) });
        printer.note(`unlinked ${linkedHub}`);
      },
    }),
  ],
};

/** Only what was given, under the names of the API. Error: usage. */
function settingsIn(values: Values<typeof settings>): object {
  const { allocationWeight, applyAllocationPolicy, location, cordon, drain, capacity } = values;
  if (capacity !== undefined && capacity !== 'none' && !CAPACITY.test(capacity))
    throw usageError('--capacity is a whole number or "none"');
  const members = { allocationWeight, applyAllocationPolicy, location, cordoned: cordon, draining: drain };
  return {
    ...Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)),
    ...(capacity === undefined ? {} : { capacity: capacity === 'none' ? null : Number(capacity) }),
  };
}
