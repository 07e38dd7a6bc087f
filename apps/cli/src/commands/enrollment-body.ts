import { usageError } from '../exit-codes';
import { fileText, objectIn, shared } from './inputs';

const { text } = shared;

/** Names and words as `az iot dps` has them. */
export const reprovisionPolicies = ['reprovisionandmigratedata', 'reprovisionandresetdata', 'never'] as const;
export const allocationPolicies = ['hashed', 'geolatency', 'static', 'custom'] as const;
export const attestationTypes = ['symmetricKey', 'x509', 'tpm'] as const;

export const enrollmentOptions = {
  'primary-key': text('Primary symmetric key in base64; made up when left out', 'pk'),
  'secondary-key': text('Secondary symmetric key in base64', 'sk'),
  'certificate-path': text('File of the primary X.509 certificate', 'cp'),
  'secondary-certificate-path': text('File of the secondary X.509 certificate', 'scp'),
  'provisioning-status': {
    choices: ['enabled', 'disabled'],
    alias: 'ps',
    describe: 'Whether devices are let in',
    requiresArg: true,
  },
  'reprovision-policy': {
    choices: reprovisionPolicies,
    alias: 'rp',
    describe: 'What becomes of a device that comes back: it moves with its twin, moves and starts anew, or stays',
    requiresArg: true,
  },
  'allocation-policy': { choices: allocationPolicies, alias: 'ap', describe: 'How a hub is chosen', requiresArg: true },
  'iot-hubs': {
    type: 'array',
    string: true,
    alias: 'ih',
    describe: 'Host names of the hubs to choose from; all linked ones when left out',
  },
  'initial-twin-tags': text('Tags of the initial twin, as JSON or @file', 'tags'),
  'initial-twin-properties': text('Desired properties of the initial twin, as JSON or @file', 'props'),
  'edge-enabled': { type: 'boolean', alias: 'ee', describe: 'Devices are IoT Edge devices' },
  'webhook-url': text('Web service that allocates, for the policy custom', 'wh'),
  'api-version': text('Version of the API that the web service understands', 'av'),
} as const;

export interface EnrollmentInput {
  readonly attestationType?: string | undefined;
  readonly primaryKey?: string | undefined;
  readonly secondaryKey?: string | undefined;
  readonly certificatePath?: string | undefined;
  readonly secondaryCertificatePath?: string | undefined;
  readonly caName?: string | undefined;
  readonly secondaryCaName?: string | undefined;
  readonly endorsementKey?: string | undefined;
  readonly storageRootKey?: string | undefined;
  readonly provisioningStatus?: string | undefined;
  readonly reprovisionPolicy?: string | undefined;
  readonly allocationPolicy?: string | undefined;
  readonly iotHubs?: readonly (string | number)[] | undefined;
  readonly initialTwinTags?: string | undefined;
  readonly initialTwinProperties?: string | undefined;
  readonly edgeEnabled?: boolean | undefined;
  readonly webhookUrl?: string | undefined;
  readonly apiVersion?: string | undefined;
}

type Document = Readonly<Record<string, unknown>>;

/** The document of an enrollment: what was asked for over what was there. `certificates` names the member that X.509 takes. */
export function enrollmentBody(
  input: EnrollmentInput,
  certificates: 'clientCertificates' | 'signingCertificates',
  before: Document = {},
): Document {
  const { provisioningStatus, reprovisionPolicy, allocationPolicy, iotHubs, edgeEnabled } = input;
  return {
    ...before,
    attestation: attestationIn(input, certificates, before.attestation as Document | undefined),
    ...given({ provisioningStatus }),
    ...(reprovisionPolicy === undefined ? {} : { reprovisionPolicy: policyOf(reprovisionPolicy) }),
    ...(allocationPolicy === undefined
      ? {}
      : { allocationPolicy: allocationPolicy === 'geolatency' ? 'geoLatency' : allocationPolicy }),
    ...(iotHubs === undefined
      ? {}
      : { iotHubs: iotHubs.flatMap((each) => String(each).split(/[\s,]+/)).filter((hub) => hub !== '') }),
    ...(edgeEnabled === undefined ? {} : { capabilities: { iotEdge: edgeEnabled } }),
    ...initialTwinIn(input, before.initialTwin as Document | undefined),
    ...webhookIn(input),
  };
}

function policyOf(name: string): { updateHubAssignment: boolean; migrateDeviceData: boolean } {
  return { updateHubAssignment: name !== 'never', migrateDeviceData: name === 'reprovisionandmigratedata' };
}

/** Secrets that are left out stay as they are stored. */
function attestationIn(input: EnrollmentInput, certificates: string, before: Document | undefined): Document {
  const type = input.attestationType ?? before?.type;
  const { primaryKey, secondaryKey, endorsementKey, storageRootKey } = input;
  switch (type) {
    case 'symmetricKey':
      return { type, symmetricKey: given({ primaryKey, secondaryKey }) };
    case 'tpm':
      return { type, tpm: { ...(before?.tpm as Document | undefined), ...given({ endorsementKey, storageRootKey }) } };
    case 'x509':
      return { type, x509: x509In(input, certificates, before?.x509 as Document | undefined) };
    default:
      throw usageError(`--attestation-type must be one of ${attestationTypes.join(', ')}`);
  }
}

function x509In(input: EnrollmentInput, certificates: string, before: Document | undefined): Document {
  const { certificatePath, secondaryCertificatePath, caName, secondaryCaName } = input;
  if (caName !== undefined || secondaryCaName !== undefined) {
    return {
      caReferences: {
        ...(before?.caReferences as Document | undefined),
        ...given({ primary: caName, secondary: secondaryCaName }),
      },
    };
  }
  if (certificatePath === undefined && secondaryCertificatePath === undefined) return before ?? {};
  const read = (option: string, path: string | undefined): Document =>
    path === undefined ? {} : { [option]: { certificate: fileText(`${option} certificate`, path) } };
  const kept = before?.[certificates] as Document | undefined;
  return { [certificates]: { ...kept, ...read('primary', certificatePath), ...read('secondary', secondaryCertificatePath) } };
}

function initialTwinIn({ initialTwinTags, initialTwinProperties }: EnrollmentInput, before: Document | undefined): Document {
  const tags = objectIn('initial-twin-tags', initialTwinTags);
  const desired = objectIn('initial-twin-properties', initialTwinProperties);
  if (tags === undefined && desired === undefined) return {};
  return { initialTwin: { ...before, ...given({ tags }), ...(desired === undefined ? {} : { properties: { desired } }) } };
}

function webhookIn({ webhookUrl, apiVersion }: EnrollmentInput): Document {
  if (webhookUrl === undefined && apiVersion === undefined) return {};
  if (webhookUrl === undefined || apiVersion === undefined) throw usageError('--webhook-url and --api-version go together');
  return { customAllocationDefinition: { webhookUrl, apiVersion } };
}

function given(members: Document): Document {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
}
