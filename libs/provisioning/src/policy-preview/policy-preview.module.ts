import { Module } from '@nestjs/common';
import { CqrsModule } from '@nestjs/cqrs';
import { PolicyPreviews } from './policy-preview';
import { EnrollmentGroupPolicyPreviewController, EnrollmentPolicyPreviewController } from './policy-preview.controller';

@Module({
  imports: [CqrsModule],
  controllers: [EnrollmentPolicyPreviewController, EnrollmentGroupPolicyPreviewController],
  providers: [PolicyPreviews],
})
export class PolicyPreviewModule {}
