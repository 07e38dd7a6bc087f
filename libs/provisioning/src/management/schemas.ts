import type { OpenAPIObject } from '@nestjs/swagger';

type SchemaOrReference = NonNullable<NonNullable<OpenAPIObject['components']>['schemas']>[string];
export type Schema = Exclude<SchemaOrReference, { $ref: string }>;
/** A schema that is known to have the members of `Type`. */
export type SchemaOf<Type> = Schema & { readonly describes?: Type };

/** Builders of response schemas. `object` wants exactly the members of the type it describes, so that the two cannot drift apart. */
export const schema = {
  text: (description?: string): Schema => ({ type: 'string', ...(description === undefined ? {} : { description }) }),
  word: (...words: readonly string[]): Schema => ({ type: 'string', enum: [...words] }),
  instant: (description?: string): Schema => ({
    type: 'string',
    format: 'date-time',
    ...(description === undefined ? {} : { description }),
  }),
  integer: (description?: string): Schema => ({ type: 'integer', ...(description === undefined ? {} : { description }) }),
  boolean: (description?: string): Schema => ({ type: 'boolean', ...(description === undefined ? {} : { description }) }),
  /** Decimal text, because revisions may outgrow a double. */
  revision: (): Schema => ({ type: 'string', pattern: '^[0-9]+$' }),
  /** Any JSON object. */
  anyObject: (description?: string): Schema => ({
    type: 'object',
    additionalProperties: true,
    ...(description === undefined ? {} : { description }),
  }),
  array: (items: Schema): Schema => ({ type: 'array', items }),
  orNull: (inner: Schema): Schema => ({ ...inner, nullable: true }),
  object: <Type extends object>(
    properties: { readonly [Key in keyof Type]-?: Schema },
    description?: string,
  ): SchemaOf<Type> => ({
    type: 'object',
    properties: { ...properties },
    required: Object.keys(properties),
    ...(description === undefined ? {} : { description }),
  }),
  page: (items: Schema): Schema => ({
    type: 'object',
    properties: {
      items: { type: 'array', items },
      nextCursor: { type: 'string', nullable: true, description: 'Send it as `cursor` for the next page; null on the last one.' },
    },
    required: ['items', 'nextCursor'],
  }),
} as const;
