import { randomBytes, randomUUID } from 'node:crypto';
import { InMemoryEventStore, silentLog } from '@app/event-sourcing';
import { sasToken } from '@test/support/clients';
import { EnrollmentGroupsDirectory } from '../enrollments/enrollment-groups.directory';
import { EnrollmentReader } from '../enrollments/enrollment.reader';
import { DeviceAttestation, AttestationParts } from './device-attestation';
import { DeviceCall } from './registrations.dto';

const idScope = '0ne00000001';
const registrationId = 'device-of-a-group';

function call(): DeviceCall {
  const token = sasToken(`${idScope}/registrations/${registrationId}`, randomBytes(32).toString('base64'), 'registration');
  return {
    registrationId,
    presented: { authorization: token, certificates: [], tpm: null },
    client: { idScope, apiVersion: '2021-06-01', clientVersion: null, transport: 'https' },
    remoteAddress: null,
    context: { actor: { kind: 'device', name: registrationId }, correlationId: randomUUID() },
  };
}

describe('a device that fits no group', () => {
  const store = new InMemoryEventStore();
  const groups = new EnrollmentGroupsDirectory(store, silentLog);
  const refused: string[] = [];
  const parts: Pick<AttestationParts, 'store' | 'enrollments' | 'groups' | 'idScope' | 'clock' | 'onRefused'> = {
    store,
    enrollments: new EnrollmentReader(store),
    groups,
    idScope,
    clock: () => new Date(),
    onRefused: (_call, { message }) => refused.push(message),
  };
  // Keys, certificates and TPMs are not asked for where no group is known.
  const attestation = new DeviceAttestation(parts as AttestationParts);

  afterAll(() => groups.stop());

  it('is asked to come back while the groups are still being read, instead of being refused', async () => {
    await expect(attestation.attest(call())).rejects.toMatchObject({ errorCode: 503001 });
    expect(refused).toEqual([]);
  });

  it('is refused when all groups are known', async () => {
    groups.start();
    await expect(attestation.attest(call())).rejects.toMatchObject({ errorCode: 404201 });
    expect(refused).toHaveLength(1);
  });
});
