import { Body, HttpCode, Param, Post } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsDefined, IsObject, ValidateIf, ValidateNested } from 'class-validator';
import { Documented, ManagementController } from '../management/documented';
import { IdPipe } from '../management/path.pipe';
import { ReprovisionPolicyBody } from '../management/reprovision-policy.controller';
import { schema } from '../management/schemas';
import { RequireRight } from '../operators/require-right.guard';
import { POLICY_PREVIEW_DEVICES_MAX, PolicyPreviews } from './policy-preview';
import type { PolicyEffects, PolicyFlow } from './policy-preview';

export class PolicyPreviewBody {
  @ApiProperty({ type: ReprovisionPolicyBody, nullable: true, description: 'The policy to imagine; null: none is saved.' })
  @IsDefined()
  @ValidateIf((_body, value) => value !== null)
  @IsObject()
  @ValidateNested()
  @Type(() => ReprovisionPolicyBody)
  readonly policy!: ReprovisionPolicyBody | null;
}

const { text, integer, array, orNull, object } = schema;

const effectsSchema = object<PolicyEffects>({
  devices: integer('Of the entry.'),
  examined: integer('How many of them were decided one by one.'),
  effects: object<PolicyEffects['effects']>({ migrate: integer(), reset: integer(), stay: integer(), fail: integer() }),
  flows: array(object<PolicyFlow>({ from: orNull(text()), to: orNull(text()), devices: integer() })),
});

const documentation = {
  summary: 'How many devices another reprovision policy would move if they all registered now',
  description: `Up to ${POLICY_PREVIEW_DEVICES_MAX} devices of the entry are decided one by one. Nothing is stored.`,
  answer: effectsSchema,
  errors: [400, 413, 415, 503],
};

@ManagementController('enrollments/:registrationId/reprovision-policy/preview', 'Reprovision policy')
@RequireRight('EnrollmentRead')
export class EnrollmentPolicyPreviewController {
  constructor(private readonly previews: PolicyPreviews) {}

  @Post()
  @HttpCode(200)
  @Documented(documentation)
  preview(@Param('registrationId', IdPipe) id: string, @Body() { policy }: PolicyPreviewBody): Promise<PolicyEffects> {
    return this.previews.preview({ kind: 'individual', id }, policy);
  }
}

@ManagementController('enrollment-groups/:enrollmentGroupId/reprovision-policy/preview', 'Reprovision policy')
@RequireRight('EnrollmentRead')
export class EnrollmentGroupPolicyPreviewController {
  constructor(private readonly previews: PolicyPreviews) {}

  @Post()
  @HttpCode(200)
  @Documented(documentation)
  preview(@Param('enrollmentGroupId', IdPipe) id: string, @Body() { policy }: PolicyPreviewBody): Promise<PolicyEffects> {
    return this.previews.preview({ kind: 'group', id }, policy);
  }
}
