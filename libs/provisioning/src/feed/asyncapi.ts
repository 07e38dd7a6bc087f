import { z } from 'zod';
import { campaignShapes } from '../campaigns/campaign.events';
import { caCertificateShapes } from '../certificates/ca-certificate.events';
import { erasureShapes } from '../erasure/erasure.events';
import { enrollmentShapes } from '../enrollments/enrollment.events';
import { hubShapes } from '../hubs/hub.events';
import { registrationShapes } from '../registrations/registration.events';
import { webhookShapes } from '../webhooks/webhook.events';
import { CLOUD_EVENT_CONTENT_TYPE, CLOUD_EVENT_TYPE_PREFIX } from './cloud-event';

/** Everything that the log of the provisioning service may hold, by type. */
const shapes: Readonly<Record<string, { readonly version: number; readonly schema: z.ZodType }>> = {
  ...registrationShapes,
  ...enrollmentShapes,
  ...hubShapes,
  ...caCertificateShapes,
  ...campaignShapes,
  ...erasureShapes,
  ...webhookShapes,
};

type Json = Readonly<Record<string, unknown>>;

const text = (description?: string): Json => ({ type: 'string', ...(description === undefined ? {} : { description }) });

/** Without the members that are only about the draft of JSON Schema, which AsyncAPI says for the whole document. */
function dataSchema(schema: z.ZodType): Json {
  const { $schema: _draft, ...data } = z.toJSONSchema(schema, { io: 'output', override: secretsWithheld }) as Json;
  return data;
}

/** The feed says `withheld` where a sealed secret is stored. */
function secretsWithheld({ jsonSchema }: { readonly jsonSchema: z.core.JSONSchema.BaseSchema }): void {
  const names = Object.keys(jsonSchema.properties ?? {});
  if (names.length !== 2 || !names.includes('sealed') || !names.includes('fingerprint')) return;
  for (const key of Object.keys(jsonSchema)) Reflect.deleteProperty(jsonSchema, key);
  Object.assign(jsonSchema, { type: 'string', const: 'withheld' });
}

function message(type: string, schema: z.ZodType): Json {
  return {
    name: `${CLOUD_EVENT_TYPE_PREFIX}${type}`,
    title: type,
    contentType: CLOUD_EVENT_CONTENT_TYPE,
    payload: {
      type: 'object',
      allOf: [{ $ref: '#/components/schemas/CloudEvent' }],
      properties: { type: { const: `${CLOUD_EVENT_TYPE_PREFIX}${type}` }, data: dataSchema(schema) },
      required: ['type', 'data'],
    },
  };
}

const cloudEventSchema: Json = {
  type: 'object',
  description: 'CloudEvents 1.0, with the place in the log and who acted as extension attributes.',
  properties: {
    specversion: { const: '1.0' },
    id: text('Of the stored event: one that is delivered twice is known by it.'),
    source: text(),
    type: text(),
    subject: text('The registration id of a device; for other streams, the stream.'),
    time: { type: 'string', format: 'date-time' },
    datacontenttype: { const: 'application/json' },
    stream: text(),
    revision: text('Place in the stream, decimal.'),
    position: text('Place in the log, opaque.'),
    correlationid: text(),
    causationid: text(),
    actorkind: { enum: ['device', 'operator', 'system'] },
    actorname: text(),
    data: { type: 'object' },
  },
  required: [
    'specversion',
    'id',
    'source',
    'type',
    'subject',
    'time',
    'datacontenttype',
    'stream',
    'revision',
    'position',
    'data',
  ],
};

/** AsyncAPI 3: the feed and the webhooks, with every type of event that they carry. Made from the stored contracts. */
export function asyncApiDocument(): Json {
  const types = Object.keys(shapes).sort();
  const references = (prefix: string): Json => Object.fromEntries(types.map((type) => [type, { $ref: `${prefix}/${type}` }]));
  const operation = (channel: string, action: 'send', title: string, summary: string): Json => ({
    action,
    title,
    summary,
    channel: { $ref: `#/channels/${channel}` },
    messages: types.map((type) => ({ $ref: `#/channels/${channel}/messages/${type}` })),
  });
  return {
    asyncapi: '3.0.0',
    id: 'urn:rehome:events',
    info: {
      title: 'Rehome events',
      version: '1',
      description: 'Everything that happens in the provisioning service, as server-sent events and to webhooks.',
      license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
    },
    defaultContentType: CLOUD_EVENT_CONTENT_TYPE,
    channels: {
      feed: {
        title: 'Event feed',
        address: '/api/v1/feed',
        description: 'Server-sent events: `id` is the position, `event` the type, `data` the payload.',
        messages: references('#/components/messages'),
      },
      webhook: {
        title: 'Webhooks',
        address: null,
        description: 'One POST an event, signed in `rehome-signature`, to each webhook of /api/v1/webhooks.',
        messages: references('#/components/messages'),
      },
    },
    operations: {
      follow: operation('feed', 'send', 'Follow the feed', 'Every event from a position on, in the order of the log.'),
      deliver: operation('webhook', 'send', 'Deliver to a webhook', 'At least once, in order for each device.'),
    },
    components: {
      schemas: { CloudEvent: cloudEventSchema },
      messages: Object.fromEntries(Object.entries(shapes).map(([type, { schema }]) => [type, message(type, schema)])),
    },
  };
}
