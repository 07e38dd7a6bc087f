import { Noun, Values, verb } from '../verb';
import { attestationTypes, enrollmentBody, enrollmentOptions } from './enrollment-body';
import { ifMatch, objectIn, part, shared } from './inputs';
import { enrollmentListing, listEnrollments, regenerateKey, removeEnrollment, showEnrollment } from './enrollment-verbs';

const { text } = shared;
const named = { 'enrollment-id': { ...text('Registration id of the enrollment', 'eid'), demandOption: true } } as const;

const own = {
  'device-id': text('Id at the hub; the registration id when left out', 'did'),
  'endorsement-key': text("The TPM's endorsement key, base64", 'ek'),
  'storage-root-key': text("The TPM's storage root key, base64"),
  'device-information': text('Free JSON about the device, or @file', 'info'),
} as const;

const creating = {
  ...named,
  'attestation-type': {
    choices: attestationTypes,
    alias: 'at',
    demandOption: true,
    describe: 'How the device proves who it is',
    requiresArg: true,
  },
  ...enrollmentOptions,
  ...own,
} as const;
const updating = { ...named, ...enrollmentOptions, ...own, etag: shared.etag } as const;

function ownMembers(values: Values<typeof own>): object {
  const { deviceId, deviceInformation } = values;
  const information = objectIn('device-information', deviceInformation);
  return {
    ...(deviceId === undefined ? {} : { deviceId }),
    ...(information === undefined ? {} : { optionalDeviceInformation: information }),
  };
}

export const enrollmentNoun: Noun = {
  command: 'enrollment',
  summary: 'Individual enrollments',
  verbs: [
    verb({
      command: 'create',
      summary: 'Create an individual enrollment',
      options: creating,
      examples: [
        ['enrollment create --enrollment-id sn-42 --attestation-type symmetricKey', 'with keys that are made up'],
        ['enrollment create --eid sn-43 --at x509 --cp device.pem --rp never', 'by certificate; the device never moves'],
      ],
      run: async (values, { service, printer }) => {
        const body = {
          registrationId: values.enrollmentId,
          ...enrollmentBody(values, 'clientCertificates'),
          ...ownMembers(values),
        };
        printer.one(await service.service('PUT', `/enrollments/${part(values.enrollmentId)}`, { body }));
      },
    }),
    verb({
      command: 'update',
      summary: 'Change an individual enrollment; what is not mentioned stays',
      options: updating,
      examples: [
        ['enrollment update --enrollment-id sn-42 --iot-hubs hub-b.example.com', 'the device moves when it comes back'],
        ['enrollment update --eid sn-42 --provisioning-status disabled', 'the device is refused from now on'],
      ],
      run: async (values, { service, printer }) => {
        const path = `/enrollments/${part(values.enrollmentId)}`;
        const before = (await service.service('GET', path)) as Readonly<Record<string, unknown>>;
        const body = { ...enrollmentBody(values, 'clientCertificates', before), ...ownMembers(values) };
        const headers = ifMatch(values.etag ?? String(before.etag));
        printer.one(await service.service('PUT', path, { body, headers }));
      },
    }),
    showEnrollment('enrollment', '/enrollments', named),
    verb({
      command: 'list',
      summary: 'List individual enrollments, without their keys',
      options: enrollmentListing,
      examples: [['enrollment list --attestation-type tpm -o json', 'those with a TPM, for programs']],
      run: (values, context) => listEnrollments('/enrollments', values, context),
    }),
    removeEnrollment('enrollment', '/enrollments', named),
    regenerateKey('enrollment', '/enrollments', named),
  ],
};
