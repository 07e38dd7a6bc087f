import fc from 'fast-check';
import { fold, Rejected } from '@app/event-sourcing';
import { specification } from '@app/event-sourcing/specification';
import { IfMatch } from '../shared/etag';
import {
  CA_CERTIFICATES_MAX,
  CaCertificateCommand,
  caCertificateDecider,
  CaCertificatesState,
  Proof,
} from './ca-certificate.decider';
import { CaCertificateEvent } from './ca-certificate.events';

const given = specification(caCertificateDecider);
const at = (second: number): string => new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString();
const info = (certificate: string) => ({
  subjectName: `CN=${certificate}`,
  sha1Thumbprint: `1${certificate}`,
  sha256Thumbprint: `256${certificate}`,
  issuerName: `CN=${certificate}`,
  notBeforeUtc: at(0),
  notAfterUtc: at(50),
  serialNumber: '01',
  version: 3,
});
const common = { name: 'Root', ifMatch: 'unconditional' as IfMatch, at: at(3) };
const upload = (certificate: string, overrides: object = {}) =>
  ({
    type: 'UploadCaCertificate',
    ...common,
    certificate,
    info: info(certificate),
    isAuthority: true,
    isVerified: false,
    ...overrides,
  }) satisfies CaCertificateCommand;
const verify = (proof: Partial<Proof>, overrides: object = {}) =>
  ({
    type: 'VerifyCaCertificate',
    ...common,
    proof: { commonName: 'CODE', thumbprint: 'P', signedBy: '256a', ...proof },
    ...overrides,
  }) satisfies CaCertificateCommand;
const uploaded = (certificate: string, isVerified = false, name = 'Root'): CaCertificateEvent => ({
  type: 'CaCertificateUploaded',
  data: { name, certificate, info: info(certificate), isVerified, at: at(3) },
});
const coded = (code: string): CaCertificateEvent => ({
  type: 'VerificationCodeGenerated',
  data: { name: 'Root', code, at: at(3) },
});
const proved: CaCertificateEvent = {
  type: 'CaCertificateVerified',
  data: { name: 'Root', by: 'proof', proofThumbprint: 'P', at: at(3) },
};
const vouched: CaCertificateEvent = {
  type: 'CaCertificateVerified',
  data: { name: 'Root', by: 'operator', proofThumbprint: null, at: at(3) },
};
const deleted: CaCertificateEvent = { type: 'CaCertificateDeleted', data: { name: 'Root', at: at(3) } };

describe('a CA certificate', () => {
  it('is uploaded, unverified or vouched for, and the same again changes nothing', () => {
    given([])
      .when(upload('a'))
      .then([uploaded('a')]);
    given([])
      .when(upload('a', { isVerified: true }))
      .then([uploaded('a', true)]);
    given([uploaded('a')])
      .when(upload('a'))
      .thenNothing();
    given([uploaded('a')])
      .when(upload('a', { name: 'ROOT', isVerified: true }))
      .then([vouched]);
    given([uploaded('a'), coded('CODE'), proved])
      .when(upload('a'))
      .thenNothing();
  });

  it('may be replaced, and then has to prove itself again', () => {
    given([uploaded('a', true)])
      .when(upload('b'))
      .then([uploaded('b')]);
    const { certificates } = fold(caCertificateDecider, [uploaded('a', true), uploaded('b')]);
    expect(certificates.get('root')).toMatchObject({ isVerified: false, certificate: 'b', revision: 1n });
  });

  it('must be one of an authority', () => {
    given([])
      .when(upload('a', { isAuthority: false }))
      .thenRejected('certificate-not-an-authority');
  });

  it(`is one of at most ${CA_CERTIFICATES_MAX}`, () => {
    const many = Array.from({ length: CA_CERTIFICATES_MAX }, (_, index) => uploaded('x', false, `c${index}`));
    given(many).when(upload('a')).thenRejected('too-many-certificates');
    given(many)
      .when(upload('y', { name: 'C7' }))
      .then([uploaded('y', false, 'c7')]);
  });

  it('is verified by a certificate with the code as its name, signed by its key', () => {
    given([uploaded('a'), coded('CODE')])
      .when(verify({}))
      .then([proved]);
    given([uploaded('a'), coded('CODE'), proved])
      .when(verify({ commonName: 'OLD' }))
      .thenNothing();
  });

  it.each([
    ['another code', { commonName: 'OLD' }],
    ['no name', { commonName: null }],
    ['another key', { signedBy: null }],
    ['the key of a certificate that was replaced meanwhile', { signedBy: '256b' }],
  ])('is not verified by a proof with %s', (_what, proof) => {
    given([uploaded('a'), coded('CODE')])
      .when(verify(proof))
      .thenRejected('proof-of-possession-failed');
  });

  it('is not verified without a code, and a new code replaces the old one', () => {
    given([uploaded('a')])
      .when(verify({}))
      .thenRejected('no-verification-code');
    given([uploaded('a'), coded('CODE'), coded('NEXT')])
      .when(verify({}))
      .thenRejected('proof-of-possession-failed');
    given([uploaded('a', true)])
      .when({ type: 'GenerateVerificationCode', ...common, code: 'CODE' })
      .thenRejected('certificate-verified-already');
  });

  it('is deleted, once', () => {
    given([uploaded('a')])
      .when({ type: 'DeleteCaCertificate', ...common })
      .then([deleted]);
    given([uploaded('a'), deleted])
      .when({ type: 'DeleteCaCertificate', ...common })
      .thenRejected('certificate-not-found');
  });

  it.each<readonly [string, CaCertificateCommand]>([
    ['replaced', upload('b', { ifMatch: { revision: 0n } })],
    ['verified', verify({}, { ifMatch: { revision: 0n } })],
    ['deleted', { type: 'DeleteCaCertificate', ...common, ifMatch: { revision: 0n } }],
  ])('is not %s when it is not as the If-Match header says', (_what, command) => {
    given([uploaded('a'), coded('CODE')])
      .when(command)
      .thenRejected('certificate-changed');
  });
});

test('every accepted command but a deletion may be sent twice', () => {
  const commands: fc.Arbitrary<CaCertificateCommand> = fc.oneof(
    fc.tuple(fc.constantFrom('a', 'b'), fc.boolean()).map(([certificate, isVerified]) => upload(certificate, { isVerified })),
    fc.constantFrom('CODE', 'NEXT').map((code) => ({ type: 'GenerateVerificationCode' as const, ...common, code })),
    fc.constantFrom('256a', '256b', null).map((signedBy) => verify({ signedBy })),
    fc.constant({ type: 'DeleteCaCertificate' as const, ...common }),
  );
  const decide = (command: CaCertificateCommand, state: CaCertificatesState): readonly CaCertificateEvent[] | undefined => {
    try {
      return caCertificateDecider.decide(command, state);
    } catch (error) {
      if (error instanceof Rejected) return undefined;
      throw error;
    }
  };
  fc.assert(
    fc.property(fc.array(commands, { maxLength: 12 }), (sequence) => {
      let state = caCertificateDecider.initialState;
      for (const command of sequence) {
        const events = decide(command, state);
        if (events === undefined) continue;
        state = events.reduce((before, event) => caCertificateDecider.evolve(before, event), state);
        if (command.type !== 'DeleteCaCertificate') expect(decide(command, state)).toEqual([]);
      }
    }),
  );
});
