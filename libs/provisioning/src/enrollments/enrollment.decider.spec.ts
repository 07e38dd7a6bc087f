import { fold } from '@app/event-sourcing';
import { specification } from '@app/event-sourcing/specification';
import { enrollmentDecider, EnrollmentState } from './enrollment.decider';
import { EnrollmentEvent } from './enrollment.events';
import { at, create, created, generated, noKeys, seal, storedEntry, update, x509 } from './testing/commands';

const after = (events: readonly EnrollmentEvent[]): EnrollmentState => fold(enrollmentDecider, events);
const given = specification(enrollmentDecider);

const deleted: EnrollmentEvent = { type: 'EnrollmentDeleted', data: { at: at(5) } };
const policy = { updateHubAssignment: true, migrateDeviceData: true };

describe('creating an enrollment', () => {
  it('uses generated keys where none were given', () => {
    const keys = generated();
    const entry = { ...storedEntry, attestation: { type: 'symmetricKey', ...keys } } as const;
    given([])
      .when(create({}, keys))
      .then([{ type: 'EnrollmentCreated', data: { entry, at: at(1) } }]);
  });

  it('uses the keys that were given, and generates only what is missing', () => {
    const [primaryKey, keys] = [seal('mine'), generated()];
    const entry = { ...storedEntry, attestation: { type: 'symmetricKey', primaryKey, secondaryKey: keys.secondaryKey } } as const;
    given([])
      .when(create({ attestation: { type: 'symmetricKey', primaryKey, secondaryKey: null } }, keys))
      .then([{ type: 'EnrollmentCreated', data: { entry, at: at(1) } }]);
  });

  it('keeps an absent policy absent', () => {
    const state = after(enrollmentDecider.decide(create(), after([])));
    expect(state).toMatchObject({ status: 'present', entry: { reprovisionPolicy: null } });
  });

  it('is refused when another one has the id', () => {
    given([created()])
      .when(create({ iotHubs: ['hub-a'] }))
      .thenRejected('enrollment-exists');
    given([created()])
      .when(create({ attestation: x509('a certificate') }))
      .thenRejected('enrollment-exists');
  });

  it('may follow a deletion, with new keys', () => {
    const keys = generated('new');
    const entry = { ...storedEntry, attestation: { type: 'symmetricKey', ...keys } } as const;
    given([created(), deleted])
      .when(create({}, keys))
      .then([{ type: 'EnrollmentCreated', data: { entry, at: at(1) } }]);
  });

  it('needs something to attest with', () => {
    const nothing = { type: 'x509', clientCertificates: null, signingCertificates: null, caReferences: null } as const;
    given([])
      .when(create({ attestation: nothing }))
      .thenRejected('attestation-incomplete');
    given([])
      .when(create({ attestation: { ...nothing, clientCertificates: { primary: 'keep', secondary: null } } }))
      .thenRejected('attestation-incomplete');
    given([])
      .when(create({ attestation: { type: 'tpm', endorsementKey: null, storageRootKey: null } }))
      .thenRejected('attestation-incomplete');
  });

  it('allows a group neither TPM nor client certificates', () => {
    const tpm = { type: 'tpm', endorsementKey: 'AToAAQ==', storageRootKey: null } as const;
    given([])
      .when(create({ kind: 'group', attestation: tpm }))
      .thenRejected('attestation-not-allowed');
    given([])
      .when(create({ kind: 'group', attestation: x509('a certificate') }))
      .thenRejected('attestation-not-allowed');
  });
});

describe('updating an enrollment', () => {
  it('keeps the keys that are left out', () => {
    given([created()])
      .when(update({ iotHubs: ['hub-b'] }))
      .then([{ type: 'EnrollmentUpdated', data: { entry: { ...storedEntry, iotHubs: ['hub-b'] }, at: at(2) } }]);
  });

  it('takes a key that was given, and knows the stored one by its fingerprint', () => {
    const primaryKey = seal('another');
    const stored = seal('stored secondary');
    given([created()])
      .when(update({ attestation: { type: 'symmetricKey', primaryKey, secondaryKey: stored } }))
      .then([
        {
          type: 'EnrollmentUpdated',
          data: { entry: { ...storedEntry, attestation: { ...storedEntry.attestation, primaryKey } as never }, at: at(2) },
        },
      ]);
    given([created()])
      .when(update({ attestation: { type: 'symmetricKey', primaryKey: seal('stored primary'), secondaryKey: stored } }))
      .thenNothing();
  });

  it('keeps a certificate of which only the description is sent, and takes the others as sent', () => {
    const attestation = {
      type: 'x509',
      clientCertificates: { primary: 'first', secondary: 'second' },
      signingCertificates: null,
      caReferences: null,
    } as const;
    given([created({ attestation })])
      .when(
        update({ attestation: { ...attestation, clientCertificates: { primary: 'keep', secondary: { certificate: 'third' } } } }),
      )
      .then([
        {
          type: 'EnrollmentUpdated',
          data: {
            entry: {
              ...storedEntry,
              attestation: { ...attestation, clientCertificates: { primary: 'first', secondary: 'third' } },
            },
            at: at(2),
          },
        },
      ]);
    given([created({ attestation })])
      .when(update({ attestation: { ...attestation, clientCertificates: null } }))
      .thenNothing();
  });

  it('needs new secrets when the type of attestation changes', () => {
    const attestation = { ...x509('a'), clientCertificates: { primary: 'a', secondary: null } };
    given([created({ attestation })])
      .when(update({ attestation: noKeys }))
      .thenRejected('new-secrets-required');
    given([created()])
      .when(update({ attestation: { ...attestation, clientCertificates: { primary: 'keep', secondary: null } } }))
      .thenRejected('new-secrets-required');
    given([created()])
      .when(update({ attestation: { type: 'tpm', endorsementKey: null, storageRootKey: null } }))
      .thenRejected('new-secrets-required');
    given([created()])
      .when(update({ attestation: x509('a') }))
      .then([{ type: 'EnrollmentUpdated', data: { entry: { ...storedEntry, attestation }, at: at(2) } }]);
  });

  it('says narrowly what has changed', () => {
    given([created()])
      .when(update({ provisioningStatus: 'disabled' }))
      .then([{ type: 'EnrollmentDisabled', data: { at: at(2) } }]);
    given([created()])
      .when(update({ reprovisionPolicy: policy }))
      .then([{ type: 'EnrollmentPolicyUpdated', data: { reprovisionPolicy: policy, at: at(2) } }]);
    given([created({ reprovisionPolicy: policy })])
      .when(update())
      .then([{ type: 'EnrollmentPolicyUpdated', data: { reprovisionPolicy: null, at: at(2) } }]);
  });

  it('keeps the letters the id was first written with', () => {
    given([created()])
      .when(update({ id: 'DEV-1' }))
      .thenNothing();
  });

  it('is refused when the entry is not as If-Match says, unless it is the same change again', () => {
    const disabled: EnrollmentEvent = { type: 'EnrollmentDisabled', data: { at: at(1) } };
    given([created(), disabled])
      .when(update({ iotHubs: [] }, 0n))
      .thenRejected('enrollment-changed');
    given([created(), disabled])
      .when(update({ iotHubs: [] }, 1n))
      .then([
        {
          type: 'EnrollmentUpdated',
          data: { entry: { ...storedEntry, iotHubs: [] }, at: at(2) },
        },
      ]);
    given([created(), disabled])
      .when(update({ provisioningStatus: 'disabled' }, 0n))
      .thenNothing();
    given([created(), disabled])
      .when(update({ provisioningStatus: 'disabled' }, 7n))
      .thenRejected('enrollment-changed');
  });

  it('is refused where there is nothing: as not found, or as changed when it came with If-Match', () => {
    given([]).when(update()).thenRejected('enrollment-not-found');
    given([created(), deleted]).when(update()).thenRejected('enrollment-not-found');
    given([created(), deleted]).when(update({}, 0n)).thenRejected('enrollment-changed');
  });
});

describe('disabling, enabling and the policy', () => {
  const common = { ifMatch: 'unconditional', at: at(3) } as const;

  it('happen once', () => {
    const disabled: EnrollmentEvent = { type: 'EnrollmentDisabled', data: { at: at(3) } };
    given([created()])
      .when({ type: 'DisableEnrollment', ...common })
      .then([disabled]);
    given([created(), disabled])
      .when({ type: 'DisableEnrollment', ...common })
      .thenNothing();
    given([created(), disabled])
      .when({ type: 'EnableEnrollment', ...common })
      .then([{ type: 'EnrollmentEnabled', data: { at: at(3) } }]);
    given([created()])
      .when({ type: 'EnableEnrollment', ...common })
      .thenNothing();
  });

  it('replace one symmetric key and leave the other', () => {
    const secret = seal('new');
    const regenerated: EnrollmentEvent = { type: 'EnrollmentKeyRegenerated', data: { key: 'secondary', secret, at: at(3) } };
    given([created()])
      .when({ type: 'RegenerateKey', key: 'secondary', secret, ...common })
      .then([regenerated]);
    given([created(), regenerated])
      .when({ type: 'RegenerateKey', key: 'secondary', secret: seal('new'), ...common })
      .thenNothing();
    const certified = { clientCertificates: { primary: 'a', secondary: null }, signingCertificates: null, caReferences: null };
    given([created({ attestation: { type: 'x509', ...certified } })])
      .when({ type: 'RegenerateKey', key: 'primary', secret, ...common })
      .thenRejected('attestation-not-allowed');
    expect(after([created(), regenerated])).toMatchObject({
      entry: { attestation: { ...storedEntry.attestation, secondaryKey: secret } },
    });
  });

  it('set and take away the policy', () => {
    const set: EnrollmentEvent = { type: 'EnrollmentPolicyUpdated', data: { reprovisionPolicy: policy, at: at(3) } };
    given([created()])
      .when({ type: 'UpdateEnrollmentPolicy', reprovisionPolicy: policy, ...common })
      .then([set]);
    given([created(), set])
      .when({ type: 'UpdateEnrollmentPolicy', reprovisionPolicy: policy, ...common })
      .thenNothing();
    given([created(), set])
      .when({ type: 'UpdateEnrollmentPolicy', reprovisionPolicy: null, ...common })
      .then([{ type: 'EnrollmentPolicyUpdated', data: { reprovisionPolicy: null, at: at(3) } }]);
  });
});

describe('deleting an enrollment', () => {
  it('happens once, and only to the one that was meant', () => {
    const remove = { type: 'DeleteEnrollment', ifMatch: 'unconditional', at: at(5) } as const;
    given([created()]).when(remove).then([deleted]);
    given([created(), deleted]).when(remove).thenRejected('enrollment-not-found');
    given([created()])
      .when({ ...remove, ifMatch: { revision: 3n } })
      .thenRejected('enrollment-changed');
    given([created()])
      .when({ ...remove, ifMatch: 'never' })
      .thenRejected('enrollment-changed');
    given([])
      .when({ ...remove, ifMatch: 'exists' })
      .thenRejected('enrollment-not-found');
  });
});
