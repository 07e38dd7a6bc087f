import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsBoolean, IsIP, IsIn, IsObject, IsOptional, Matches } from 'class-validator';
import type { JsonObject } from '@app/event-sourcing';
import { deviceApiVersions } from '../registrations/api-version';
import type { Preview, RuleLookedAt } from '../registrations/preview';
import { ID } from './inputs.dto';
import { schema } from './schemas';

/** What the Node device SDK sends. */
export const PREVIEW_API_VERSION_DEFAULT: (typeof deviceApiVersions)[number] = '2019-03-31';

export class PreviewBody {
  @ApiPropertyOptional({ enum: deviceApiVersions, default: PREVIEW_API_VERSION_DEFAULT })
  @IsOptional()
  @IsIn(deviceApiVersions)
  readonly apiVersion?: string;

  @ApiPropertyOptional({ type: 'object', additionalProperties: true, description: 'What the device would send as its payload.' })
  @IsOptional()
  @IsObject()
  readonly payload?: JsonObject;

  @ApiPropertyOptional({ default: false, description: 'True: the webhook of a custom allocation is really called.' })
  @IsOptional()
  @IsBoolean()
  readonly callWebhook?: boolean;

  @ApiPropertyOptional({ description: 'The IP address from which the device would call.' })
  @IsOptional()
  @IsIP()
  readonly remoteAddress?: string;

  @ApiPropertyOptional({ description: 'The group that would register the device; needed where it never registered by a group.' })
  @IsOptional()
  @Matches(ID, { message: 'enrollmentGroupId must have 1 to 128 characters of letters, digits and - . _ :' })
  readonly enrollmentGroupId?: string;
}

const { text, word, integer, anyObject, array, orNull, object } = schema;

export const previewSchema = object<Preview>({
  registrationId: text(),
  enrollment: object<Preview['enrollment']>({ kind: word('individual', 'group'), id: text(), revision: schema.revision() }),
  outcome: word('assign', 'fail', 'refuse', 'join'),
  action: orNull(word('create', 'keep', 'migrate', 'reset')),
  hub: orNull(text('The hub that would have the device afterwards.')),
  previousHub: orNull(text()),
  deviceId: orNull(text()),
  twinSource: orNull(word('enrollment', 'webhook', 'previousHub', 'hub')),
  error: orNull(object<NonNullable<Preview['error']>>({ code: integer(), message: text() })),
  rules: array(object<RuleLookedAt>({ rule: text(), outcome: text() })),
  grounds: orNull(anyObject('Everything the decision would have looked at, as an operation shows it.')),
});
