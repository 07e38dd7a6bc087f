import { deviceKey } from '../connection/sas';
import { Noun, verb } from '../verb';
import { enrollmentBody, enrollmentOptions } from './enrollment-body';
import { enrollmentListing, listEnrollments, regenerateKey, removeEnrollment, showEnrollment } from './enrollment-verbs';
import { groupKey } from './keys';
import { ifMatch, part, shared } from './inputs';

const { text } = shared;
const named = {
  'enrollment-id': { ...text('Id of the enrollment group', ['eid', 'group-id', 'gid']), demandOption: true },
} as const;
const own = {
  'ca-name': text('Name of the verified CA certificate that signs the devices', 'cn'),
  'secondary-ca-name': text('Name of a second one', 'scn'),
} as const;
const attestation = {
  'attestation-type': {
    choices: ['symmetricKey', 'x509'],
    alias: 'at',
    describe: 'How its devices prove who they are; x509 where a certificate is named, symmetricKey otherwise',
    requiresArg: true,
  },
} as const;

const path = '/enrollment-groups';
const servicePath = (id: string): string => `/enrollmentGroups/${part(id)}`;

export const enrollmentGroupNoun: Noun = {
  command: 'enrollment-group',
  summary: 'Enrollment groups: many devices by one key or one authority',
  verbs: [
    verb({
      command: 'create',
      summary: 'Create an enrollment group',
      options: { ...named, ...attestation, ...enrollmentOptions, ...own },
      examples: [
        ['enrollment-group create --enrollment-id line-7', 'by symmetric keys that are made up'],
        [
          'enrollment-group create --eid line-8 --ca-name factory --ap geolatency --rp reprovisionandmigratedata',
          'by an authority',
        ],
      ],
      run: async (values, { service, printer }) => {
        const byCertificate = values.caName ?? values.certificatePath;
        const attestationType = values.attestationType ?? (byCertificate === undefined ? 'symmetricKey' : 'x509');
        const body = {
          enrollmentGroupId: values.enrollmentId,
          ...enrollmentBody({ ...values, attestationType }, 'signingCertificates'),
        };
        printer.one(await service.service('PUT', servicePath(values.enrollmentId), { body }));
      },
    }),
    verb({
      command: 'update',
      summary: 'Change an enrollment group; what is not mentioned stays',
      options: { ...named, ...enrollmentOptions, ...own, etag: shared.etag },
      examples: [
        [
          'enrollment-group update --eid line-7 --iot-hubs hub-a.example.com hub-b.example.com',
          'devices move when they come back',
        ],
      ],
      run: async (values, { service, printer }) => {
        const before = (await service.service('GET', servicePath(values.enrollmentId))) as Readonly<Record<string, unknown>>;
        const body = enrollmentBody(values, 'signingCertificates', before);
        const headers = ifMatch(values.etag ?? String(before.etag));
        printer.one(await service.service('PUT', servicePath(values.enrollmentId), { body, headers }));
      },
    }),
    showEnrollment('enrollment-group', path, named),
    verb({
      command: 'list',
      summary: 'List enrollment groups, without their keys',
      options: enrollmentListing,
      examples: [['enrollment-group list', 'the first hundred']],
      run: (values, context) => listEnrollments(path, values, context),
    }),
    removeEnrollment('enrollment-group', path, named),
    verb({
      command: 'compute-device-key',
      summary: 'The key of one device of a group, derived from the key of the group',
      options: {
        'enrollment-id': text('Id of the enrollment group', ['eid', 'group-id', 'gid']),
        'registration-id': { ...text('Registration id of the device', 'rid'), demandOption: true },
        key: text("The group's key in base64; asked of the service when left out", 'k'),
      },
      examples: [
        [
          'enrollment-group compute-device-key --enrollment-id line-7 --registration-id sn-42',
          'with the primary key of the group',
        ],
        ['enrollment-group compute-device-key --key "$GROUP_KEY" --rid sn-42', 'without asking anybody'],
      ],
      run: async ({ enrollmentId, registrationId, key }, context) => {
        const derived = deviceKey(key ?? (await groupKey(enrollmentId, context)), registrationId);
        context.printer.text(derived, { registrationId, key: derived });
      },
    }),
    regenerateKey('enrollment-group', path, named),
  ],
};
