import { columns } from '../output/columns';
import { Noun, verb } from '../verb';
import { part, shared } from './inputs';

const { text } = shared;
const named = { name: { ...text('Name of the webhook', 'n'), demandOption: true } } as const;
const repeated = (describe: string) => ({ type: 'array', string: true, describe }) as const;

const webhookColumns = columns({
  name: 'name',
  url: 'url',
  delivered: 'delivered',
  pending: 'pending',
  dead: 'dead',
  'lag events': 'lagEvents',
  'last delivered': 'lastDeliveredAt',
  'last error': 'lastError',
});

export const webhookNoun: Noun = {
  command: 'webhook',
  summary: 'Where events are delivered to',
  verbs: [
    verb({
      command: 'create',
      summary: 'Add a webhook, or change one',
      options: {
        ...named,
        to: { ...text('Address where events are posted'), demandOption: true },
        secret: text('Signs what is delivered; needed for a new one. Better in REHOME_WEBHOOK_SECRET'),
        type: repeated('Only events of this type; may be repeated'),
        device: repeated('Only those of this device; may be repeated'),
        hub: repeated('Only those that name this hub; may be repeated'),
        from: text('start, end or a position: where a new one begins'),
      },
      examples: [
        ['webhook create --name audit --to https://sink.example.com/events --type DeviceAssigned', 'who is assigned where'],
      ],
      run: async (values, { io, service, printer }) => {
        const { name, secret = io.env.REHOME_WEBHOOK_SECRET, type, device, hub, from } = values;
        const body = { url: values.to, secret, from, filters: { types: texts(type), devices: texts(device), hubs: texts(hub) } };
        printer.one(await service.manage('PUT', `/webhooks/${part(name)}`, { body }));
      },
    }),
    verb({
      command: 'list',
      summary: 'List webhooks and where they stand',
      options: {},
      examples: [['webhook list', 'what waits and what died']],
      run: async (_values, { service, printer }) => {
        const { items } = (await service.manage('GET', '/webhooks')) as { items: unknown[] };
        printer.list(webhookColumns, items);
      },
    }),
    verb({
      command: 'show',
      summary: 'Show one webhook',
      options: named,
      examples: [['webhook show --name audit', 'its filters and its progress']],
      run: async ({ name }, { service, printer }) => printer.one(await service.manage('GET', `/webhooks/${part(name)}`)),
    }),
    verb({
      command: 'delete',
      summary: 'Remove a webhook; what waits for it is forgotten',
      options: named,
      examples: [['webhook delete --name audit', 'the events stay in the log']],
      run: async ({ name }, { service, printer }) => {
        await service.manage('DELETE', `/webhooks/${part(name)}`);
        printer.note(`deleted ${name}`);
      },
    }),
    verb({
      command: 'dead-letters',
      summary: 'Events that could not be delivered',
      options: named,
      examples: [['webhook dead-letters --name audit', 'and why']],
      run: async ({ name }, { service, printer }) => {
        const { items } = (await service.manage('GET', `/webhooks/${part(name)}/dead-letters`)) as { items: unknown[] };
        printer.list(
          columns({
            id: 'id',
            event: 'type',
            stream: 'stream',
            attempts: 'attempts',
            error: 'error',
            died: 'diedAt',
            waiting: 'waiting',
          }),
          items,
        );
      },
    }),
    verb({
      command: 'retry',
      summary: 'Deliver dead letters again',
      options: { ...named, id: repeated('Only these; all of them when left out') },
      examples: [['webhook retry --name audit', 'all of them']],
      run: async ({ name, id }, { service, printer }) => {
        const answer = (await service.manage('POST', `/webhooks/${part(name)}/dead-letters/retry`, {
          body: { ids: texts(id) },
        })) as { retried: number };
        printer.text(`${answer.retried} dead letters are delivered again`, answer);
      },
    }),
    verb({
      command: 'discard',
      summary: 'Give a dead letter up; what waits behind it is delivered',
      options: { ...named, id: { ...text('Id of the event'), demandOption: true } },
      examples: [['webhook discard --name audit --id 0198c5a2-7c00-7000-8000-000000000000', 'the event stays in the log']],
      run: async ({ name, id }, { service, printer }) => {
        await service.manage('DELETE', `/webhooks/${part(name)}/dead-letters/${part(id)}`);
        printer.note(`discarded ${id}`);
      },
    }),
  ],
};

const texts = (given: readonly (string | number)[] | undefined): readonly string[] | undefined => given?.map(String);
