import { columns } from '../output/columns';
import { Noun, verb } from '../verb';
import { countIn, ifMatch, part, shared } from './inputs';

const { text } = shared;
const named = { 'registration-id': { ...text('Registration id of the device', 'rid'), demandOption: true } } as const;

const registrationColumns = columns({
  'registration id': 'registrationId',
  status: 'status',
  hub: 'assignedHub',
  'device id': 'deviceId',
  enrollment: 'enrollment.id',
  policy: 'policy',
  changed: 'updatedAt',
});

export const registrationNoun: Noun = {
  command: 'registration',
  summary: 'Devices and where they are',
  verbs: [
    verb({
      command: 'list',
      summary: 'List devices',
      options: {
        'enrollment-id': text('Only those of this enrollment group', ['eid', 'group-id', 'gid']),
        'individual-enrollment-id': text('Only the one of this individual enrollment'),
        status: { choices: ['assigning', 'assigned', 'failed', 'disabled'], describe: 'Only those', requiresArg: true },
        hub: text('Only those on this hub'),
        prefix: text('Only those whose id begins like this'),
        'changed-since': text('Only those that changed at or after this time'),
        top: shared.top,
      },
      examples: [
        ['registration list --enrollment-id line-7', 'the devices of a group'],
        ['registration list --status failed -o json', 'what needs to be looked at'],
      ],
      run: async (values, { service, printer }) => {
        const { enrollmentId, individualEnrollmentId, status, hub, prefix, changedSince, top } = values;
        const query = {
          enrollmentGroupId: enrollmentId,
          enrollmentId: individualEnrollmentId,
          status,
          hub,
          idPrefix: prefix,
          changedSince,
        };
        printer.list(registrationColumns, await service.list('/devices', query, countIn('top', top)));
      },
    }),
    verb({
      command: 'show',
      summary: 'Show one device',
      options: named,
      examples: [['registration show --registration-id sn-42', 'where it is, by which enrollment, under which policy']],
      run: async ({ registrationId }, { service, printer }) => {
        printer.one(await service.manage('GET', `/devices/${part(registrationId)}`));
      },
    }),
    verb({
      command: 'delete',
      summary: 'Forget where a device was assigned; it stays on its hub, and its history stays in the log',
      options: { ...named, etag: shared.etag },
      examples: [['registration delete --registration-id sn-42', 'it is assigned anew when it comes back']],
      run: async ({ registrationId, etag }, { service, printer }) => {
        await service.service('DELETE', `/registrations/${part(registrationId)}`, { headers: ifMatch(etag) });
        printer.note(`deleted ${registrationId}`);
      },
    }),
  ],
};
