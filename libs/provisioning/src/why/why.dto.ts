import { Transform } from 'class-transformer';
import { IsBoolean, IsOptional } from 'class-validator';
import { ApiPropertyOptional } from '@nestjs/swagger';
import { attestationFailureSchema } from '../management/attestation-failures.dto';
import { previewSchema } from '../management/preview.dto';
import { schema } from '../management/schemas';
import { substatus } from '../registrations/registration.events';
import { MomentQuery } from '../time-travel/moment.dto';
import type { Change } from './changes';
import { WhyFacts, whyStates } from './facts';
import type { Why } from './why.reader';

const { text, word, instant, integer, boolean, revision, anyObject, array, orNull, object } = schema;

export class WhyQuery extends MomentQuery {
  @ApiPropertyOptional({ default: false, description: 'True: also what would happen if the device registered now.' })
  @IsOptional()
  @Transform(({ value }: { value: unknown }) => (value === 'true' ? true : value === 'false' ? false : value))
  @IsBoolean()
  readonly preview?: boolean;
}

const actor = object<Change['actor']>({ kind: word('device', 'operator', 'system'), name: text() });
const changes = array(object<Change>({ revision: revision(), at: instant(), actor, what: array(text()) }));

const factsSchema = object<WhyFacts>({
  state: word(...whyStates),
  hub: orNull(text('While assigning: the hub that still has the device.')),
  targetHub: orNull(text('Where it is going; only while assigning.')),
  deviceId: orNull(text()),
  substatus: orNull(word(...substatus.options)),
  since: orNull(instant('When it came to its hub.')),
  operation: orNull(
    object<NonNullable<WhyFacts['operation']>>({
      operationId: text(),
      action: orNull(word('create', 'keep', 'migrate', 'reset')),
      startedAt: instant(),
      endedAt: orNull(instant()),
    }),
  ),
  grounds: orNull(anyObject('Everything the decision looked at.')),
  twin: orNull(
    object<NonNullable<WhyFacts['twin']>>(
      {
        source: word('initialTwin', 'webhook', 'migrated', 'kept'),
        from: orNull(text()),
        tags: orNull(integer()),
        desired: orNull(integer()),
        reported: orNull(integer()),
        modules: integer(),
        complete: boolean(),
      },
      'What the device found at its hub: where it came from, and how many values it had.',
    ),
  ),
  error: orNull(object<NonNullable<WhyFacts['error']>>({ code: integer(), message: text() })),
  deleted: orNull(object<NonNullable<WhyFacts['deleted']>>({ at: instant(), by: actor })),
  enrollmentChanges: changes,
  hubChanges: changes,
  request: orNull(object<NonNullable<WhyFacts['request']>>({ at: instant(), by: actor, hub: text(), outcome: text() })),
  attestationFailure: orNull(attestationFailureSchema),
  preview: orNull(previewSchema),
});

export const whySchema = object<Why>({
  registrationId: text(),
  summary: text('The first sentence: where the device is, and the reason.'),
  sentences: array(text()),
  facts: factsSchema,
});
