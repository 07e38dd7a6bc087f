import { deviceSchema, twinDataSchema } from '../management/answers';
import { Schema, schema } from '../management/schemas';
import type { AsOf } from './past-device';

const { text, word, instant, revision, anyObject, orNull, object } = schema;

export const asOfSchema = object<AsOf>(
  { time: instant('The time told of.'), revision: revision(), recordedAt: instant('When that revision was recorded.') },
  'Only where a moment was asked for.',
);

/** The answer about now, with members more where it is about then. */
export const deviceAtSchema: Schema = { ...deviceSchema, properties: { ...deviceSchema.properties, asOf: asOfSchema } };

const atHubSchema: Schema = orNull({
  type: 'object',
  description:
    'Only where a moment was asked for: the twin at the hub. `hubLog`: exactly as it was then; `provisioningLog`: as the service last knew it then.',
  properties: {
    hub: text(),
    source: word('hubLog', 'provisioningLog'),
    twin: orNull(anyObject()),
    status: word('enabled', 'disabled'),
    generationId: text(),
    revision: revision(),
    recordedAt: instant(),
  },
  required: ['hub', 'source', 'twin', 'recordedAt'],
});

export const twinAtSchema: Schema = {
  ...twinDataSchema,
  properties: { ...twinDataSchema.properties, asOf: asOfSchema, atHub: atHubSchema },
};
