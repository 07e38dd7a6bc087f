import { columns } from '../output/columns';
import { Noun, verb } from '../verb';
import { fileText, ifMatch, part, shared } from './inputs';

const { text } = shared;
const named = { 'certificate-name': { ...text('Name of the certificate', ['name', 'n']), demandOption: true } } as const;
const etag = shared.etag;
const file = { path: { ...text('File of the certificate', 'p'), demandOption: true } } as const;

const certificateColumns = columns({
  name: 'name',
  subject: 'subject',
  verified: 'isVerified',
  expires: 'expiry',
  thumbprint: 'thumbprint',
  changed: 'updated',
});

export const certificateNoun: Noun = {
  command: 'certificate',
  summary: 'CA certificates that groups can refer to',
  verbs: [
    verb({
      command: 'create',
      summary: 'Upload a CA certificate, or replace one',
      options: {
        ...named,
        ...file,
        verified: { type: 'boolean', alias: 'v', describe: 'You vouch for it: no proof of possession is asked for' },
        etag,
      },
      examples: [['certificate create --certificate-name factory --path factory-ca.pem --verified', 'a CA that is yours']],
      run: async ({ certificateName, path, verified, etag: tag }, { service, printer }) => {
        const body = { certificate: fileText('path', path), isVerified: verified ?? false };
        printer.one(await service.manage('PUT', `/certificates/${part(certificateName)}`, { body, headers: ifMatch(tag) }));
      },
    }),
    verb({
      command: 'list',
      summary: 'List CA certificates',
      options: {},
      examples: [['certificate list', 'with the day each one expires']],
      run: async (_values, { service, printer }) => {
        const { items } = (await service.manage('GET', '/certificates')) as { items: unknown[] };
        printer.list(certificateColumns, items);
      },
    }),
    verb({
      command: 'show',
      summary: 'Show one CA certificate',
      options: named,
      examples: [['certificate show --certificate-name factory -o json', 'with the certificate itself']],
      run: async ({ certificateName }, { service, printer }) => {
        printer.one(await service.manage('GET', `/certificates/${part(certificateName)}`));
      },
    }),
    verb({
      command: 'generate-verification-code',
      summary: 'A code to sign a certificate for, which proves that you have the key',
      options: { ...named, etag },
      examples: [['certificate generate-verification-code -n factory', 'the code is the common name of the certificate to make']],
      run: async ({ certificateName, etag: tag }, { service, printer }) => {
        const path = `/certificates/${part(certificateName)}/generateVerificationCode`;
        const answer = (await service.manage('POST', path, { headers: ifMatch(tag) })) as { verificationCode: string };
        printer.text(answer.verificationCode, answer);
      },
    }),
    verb({
      command: 'verify',
      summary: 'Prove possession of the key by a certificate made for the code',
      options: { ...named, ...file, etag },
      examples: [['certificate verify -n factory --path proof.pem', 'from then on it attests devices']],
      run: async ({ certificateName, path, etag: tag }, { service, printer }) => {
        const body = { certificate: fileText('path', path) };
        printer.one(
          await service.manage('POST', `/certificates/${part(certificateName)}/verify`, { body, headers: ifMatch(tag) }),
        );
      },
    }),
    verb({
      command: 'delete',
      summary: 'Delete a CA certificate; devices of groups that refer to it are refused from then on',
      options: { ...named, etag },
      examples: [['certificate delete -n factory', 'whatever its etag is']],
      run: async ({ certificateName, etag: tag }, { service, printer }) => {
        await service.manage('DELETE', `/certificates/${part(certificateName)}`, { headers: ifMatch(tag) });
        printer.note(`deleted ${certificateName}`);
      },
    }),
  ],
};
