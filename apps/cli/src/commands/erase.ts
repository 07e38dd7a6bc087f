import { usageError } from '../exit-codes';
import { Verb, verb } from '../verb';
import { part, shared } from './inputs';

const { text } = shared;

export const eraseVerb: Verb = verb({
  command: 'erase <registration-id>',
  summary: "Make a device's own data unreadable for ever; that it was there, and why, stays in the log and still verifies",
  options: {
    'registration-id': { ...text('Registration id of the device'), demandOption: true },
    reason: text('Why; it stays in the log, so name a case and not a person'),
    'delete-enrollment': { type: 'boolean', describe: 'Its individual enrollment too, which holds data of it' },
    yes: { type: 'boolean', alias: 'y', describe: 'It cannot be taken back' },
    status: { type: 'boolean', describe: 'Only how far an erasure is' },
  },
  examples: [
    ['erase sn-42 --reason case-17 --delete-enrollment --yes', 'erase it'],
    ['erase sn-42 --status', 'how far it is'],
  ],
  run: async ({ registrationId, reason, deleteEnrollment, yes, status }, { service, printer }) => {
    const path = `/devices/${part(registrationId)}`;
    if (status === true) {
      printer.one(await service.manage('GET', `${path}/erasure`));
      return;
    }
    if (reason === undefined) throw usageError('give a --reason');
    if (yes !== true) throw usageError('an erasure cannot be taken back; say --yes');
    printer.one(await service.manage('POST', `${path}/erase`, { body: { reason, deleteEnrollment } }));
  },
});
