import { applyDecorators } from '@nestjs/common';
import { Transform, Type } from 'class-transformer';
import {
  ArrayMaxSize,
  IsArray,
  IsBoolean,
  IsIn,
  IsNotEmpty,
  IsObject,
  IsOptional,
  IsString,
  Matches,
  MaxLength,
  MinLength,
  ValidateNested,
} from 'class-validator';
import { JsonObject } from '@app/event-sourcing';
import { allocationPolicy } from '../shared/shapes';
import type { AllocationPolicy } from '../shared/shapes';
import { CERTIFICATE_CHARACTERS_MAX } from './certificates';

const HOST_NAME_CHARACTERS_MAX = 253;
const HUBS_LISTED_MAX = 50;
const KEY_CHARACTERS_MAX = 4_096;
const URL_CHARACTERS_MAX = 2_048;
const REFERENCE_CHARACTERS_MAX = 128;

/** At most 128 characters, compared without case, ending in a letter, digit or dash (wire contract §4.3). */
export const ENROLLMENT_ID = /^[a-z0-9][a-z0-9._:-]{0,126}[a-z0-9-]$|^[a-z0-9]$/i;
/** Ids at a hub are case-sensitive and wider (wire contract §6.4). */
const DEVICE_ID = /^[A-Za-z0-9\-.+%_#*?!(),:=@$']{1,128}$/;
const API_VERSION = /^\d{4}-\d{2}-\d{2}(-preview)?$/;

/** A document inside the document; an array in its place is refused. */
function Nested(type: () => new () => object): PropertyDecorator {
  return applyDecorators(IsObject(), ValidateNested(), Type(type));
}

/** Any JSON object, kept exactly as it was sent. */
function FreeForm(): PropertyDecorator {
  return applyDecorators(
    IsOptional(),
    IsObject(),
    Transform(({ obj, key }: { obj: Record<string, unknown>; key: string }) => obj[key]),
  );
}

function OptionalText(charactersMax: number): PropertyDecorator {
  return applyDecorators(IsOptional(), IsString(), MaxLength(charactersMax));
}

/** The members that the service computes (`info`) are taken and passed over. */
export class CertificateDto {
  @OptionalText(CERTIFICATE_CHARACTERS_MAX)
  readonly certificate?: string | null;
}

export class CertificatesDto {
  @IsOptional() @Nested(() => CertificateDto) readonly primary?: CertificateDto | null;
  @IsOptional() @Nested(() => CertificateDto) readonly secondary?: CertificateDto | null;
}

export class CaReferencesDto {
  @OptionalText(REFERENCE_CHARACTERS_MAX) readonly primary?: string | null;
  @OptionalText(REFERENCE_CHARACTERS_MAX) readonly secondary?: string | null;
}

export class X509Dto {
  @IsOptional() @Nested(() => CertificatesDto) readonly clientCertificates?: CertificatesDto | null;
  @IsOptional() @Nested(() => CertificatesDto) readonly signingCertificates?: CertificatesDto | null;
  @IsOptional() @Nested(() => CaReferencesDto) readonly caReferences?: CaReferencesDto | null;
}

export class SymmetricKeyDto {
  @OptionalText(KEY_CHARACTERS_MAX) readonly primaryKey?: string | null;
  @OptionalText(KEY_CHARACTERS_MAX) readonly secondaryKey?: string | null;
}

export class TpmDto {
  @OptionalText(KEY_CHARACTERS_MAX) readonly endorsementKey?: string | null;
  @OptionalText(KEY_CHARACTERS_MAX) readonly storageRootKey?: string | null;
}

export class AttestationDto {
  @IsIn(['symmetricKey', 'x509', 'tpm']) readonly type!: 'symmetricKey' | 'x509' | 'tpm';
  @IsOptional() @Nested(() => SymmetricKeyDto) readonly symmetricKey?: SymmetricKeyDto | null;
  @IsOptional() @Nested(() => X509Dto) readonly x509?: X509Dto | null;
  @IsOptional() @Nested(() => TpmDto) readonly tpm?: TpmDto | null;
}

export class CapabilitiesDto {
  @IsBoolean() readonly iotEdge!: boolean;
}

export class TwinPropertiesDto {
  @FreeForm() readonly desired?: JsonObject | null;
}

export class InitialTwinDto {
  @FreeForm() readonly tags?: JsonObject | null;
  @IsOptional() @Nested(() => TwinPropertiesDto) readonly properties?: TwinPropertiesDto | null;
}

export class ReprovisionPolicyDto {
  @IsOptional() @IsBoolean() readonly updateHubAssignment?: boolean | null;
  @IsOptional() @IsBoolean() readonly migrateDeviceData?: boolean | null;
}

export class CustomAllocationDefinitionDto {
  @IsString() @IsNotEmpty() @MaxLength(URL_CHARACTERS_MAX) readonly webhookUrl!: string;
  @Matches(API_VERSION) readonly apiVersion!: string;
}

/** What individual entries and groups have in common. Members set by the service are passed over. */
export abstract class EnrollmentDto {
  @Nested(() => AttestationDto) readonly attestation!: AttestationDto;
  @IsOptional() @Nested(() => CapabilitiesDto) readonly capabilities?: CapabilitiesDto | null;
  @OptionalText(HOST_NAME_CHARACTERS_MAX) readonly iotHubHostName?: string | null;
  @IsOptional() @Nested(() => InitialTwinDto) readonly initialTwin?: InitialTwinDto | null;
  @OptionalText(REFERENCE_CHARACTERS_MAX) readonly etag?: string | null;
  @IsOptional() @IsIn(['enabled', 'disabled']) readonly provisioningStatus?: 'enabled' | 'disabled' | null;
  @IsOptional() @Nested(() => ReprovisionPolicyDto) readonly reprovisionPolicy?: ReprovisionPolicyDto | null;
  @IsOptional() @IsIn(allocationPolicy.options) readonly allocationPolicy?: AllocationPolicy | null;

  @IsOptional()
  @IsArray()
  @ArrayMaxSize(HUBS_LISTED_MAX)
  @IsString({ each: true })
  @MinLength(1, { each: true })
  @MaxLength(HOST_NAME_CHARACTERS_MAX, { each: true })
  readonly iotHubs?: string[] | null;

  @IsOptional()
  @Nested(() => CustomAllocationDefinitionDto)
  readonly customAllocationDefinition?: CustomAllocationDefinitionDto | null;
}

export class IndividualEnrollmentDto extends EnrollmentDto {
  @Matches(ENROLLMENT_ID) readonly registrationId!: string;
  @IsOptional() @Matches(DEVICE_ID) readonly deviceId?: string | null;
  @FreeForm() readonly optionalDeviceInformation?: JsonObject | null;
}

export class EnrollmentGroupDto extends EnrollmentDto {
  @Matches(ENROLLMENT_ID) readonly enrollmentGroupId!: string;
}
