import { createSecureContext } from 'node:tls';
import { deviceKey } from '../connection/sas';
import { CommandFailed, exitCode, usageError } from '../exit-codes';
import { Context } from '../verb';
import { countIn, fileText, part } from '../commands/inputs';
import { enrollmentKey, groupKey } from '../commands/keys';
import { DeviceAuthority, commonName, givenCertificate } from './device-certificates';
import { Identity } from './identity';

export const DEVICES_MAX = 5_000;
const DEVICES_DEFAULT = 10;

/** Who is to be simulated, as the command line says it. */
export interface CrowdWish {
  readonly devices?: number | undefined;
  readonly prefix: string;
  readonly registrationId?: readonly (string | number)[] | undefined;
  readonly enrollmentId: string;
  readonly createGroup?: boolean | undefined;
  readonly certificatePath?: string | undefined;
  readonly keyPath?: string | undefined;
}

/** Devices, and how each comes by what it proves itself with. */
export interface Crowd {
  readonly registrationIds: readonly string[];
  identity(registrationId: string): Promise<Identity>;
}

/** Errors: usage, before anything is asked of the service; then `CommandFailed` for what it does not have. */
export async function crowdOf(wish: CrowdWish, context: Context): Promise<Crowd> {
  const { certificatePath, keyPath } = wish;
  if ((certificatePath === undefined) !== (keyPath === undefined))
    throw usageError('--certificate-path and --key-path go together');
  const registrationIds = namesIn(wish);
  if (certificatePath !== undefined && keyPath !== undefined) {
    const texts = [fileText('certificate-path', certificatePath), fileText('key-path', keyPath)] as const;
    return withCertificates(wish, registrationIds, texts, context);
  }
  return wish.registrationId === undefined
    ? ofGroup(wish, registrationIds, context)
    : withOwnKeys(wish, registrationIds, context);
}

function namesIn({ devices, prefix, registrationId }: CrowdWish): readonly string[] {
  if (registrationId === undefined) {
    const count = countIn('devices', devices ?? DEVICES_DEFAULT, DEVICES_MAX);
    return Array.from({ length: count }, (_, index) => `${prefix}-${String(index + 1).padStart(4, '0')}`);
  }
  if (devices !== undefined) throw usageError('--devices and --registration-id exclude each other');
  const names = [...new Set(registrationId.map(String))];
  if (names.length === 0) throw usageError('--registration-id needs at least one');
  countIn('registration-id', names.length, DEVICES_MAX);
  return names;
}

async function ofGroup(
  { enrollmentId, createGroup }: CrowdWish,
  registrationIds: readonly string[],
  context: Context,
): Promise<Crowd> {
  const attestation = { type: 'symmetricKey' };
  const secureContext = trusting(context);
  if (createGroup === true) await createIfMissing(enrollmentId, attestation, context);
  const key = await groupKey(enrollmentId, context);
  return {
    registrationIds,
    identity: (registrationId) => Promise.resolve({ registrationId, key: deviceKey(key, registrationId), secureContext }),
  };
}

async function withOwnKeys({ createGroup }: CrowdWish, registrationIds: readonly string[], context: Context): Promise<Crowd> {
  if (createGroup === true) throw usageError('--create-group is for devices of a group, not for those of --registration-id');
  const secureContext = trusting(context);
  const keys = new Map(
    await Promise.all(registrationIds.map(async (name) => [name, await enrollmentKey(name, context)] as const)),
  );
  return {
    registrationIds,
    identity: (registrationId) => Promise.resolve({ registrationId, key: keys.get(registrationId), secureContext }),
  };
}

async function withCertificates(
  wish: CrowdWish,
  registrationIds: readonly string[],
  [pem, keyPem]: readonly [pem: string, keyPem: string],
  context: Context,
): Promise<Crowd> {
  const given = givenCertificate(pem, keyPem);
  const { certificate } = given;
  const identity = (registrationId: string, cert: string, key: string): Identity => {
    const secureContext = createSecureContext({ ...trustOfOne(context), cert, key });
    return { registrationId, key: undefined, secureContext };
  };
  if (certificate.ca) {
    const authority = await DeviceAuthority.open(given);
    const signingCertificates = { primary: { certificate: certificate.toString() } };
    if (wish.createGroup === true) {
      await createIfMissing(wish.enrollmentId, { type: 'x509', x509: { signingCertificates } }, context);
    }
    return {
      registrationIds,
      identity: async (registrationId) => {
        const { cert, key } = await authority.issue(registrationId);
        return identity(registrationId, cert, key);
      },
    };
  }
  const name = commonName(certificate);
  if (wish.devices !== undefined || wish.registrationId !== undefined || wish.createGroup === true) {
    throw usageError(
      `the certificate is that of one device, ${name}; --devices, --registration-id and --create-group do not fit`,
    );
  }
  return { registrationIds: [name], identity: () => Promise.resolve(identity(name, pem, keyPem)) };
}

/** One for all devices with keys, because reading a hundred authorities takes longer than all the rest of a connection. */
function trusting({ service }: Context): Identity['secureContext'] {
  const { ca } = service.settings;
  return createSecureContext(ca === undefined ? {} : { ca: [...ca] });
}

/**
 * A device with a certificate has a context of its own. The authority that was given goes alone into it: with the hundred others it
 * would be 60 ms and 1 MB for each device.
 */
function trustOfOne({ service }: Context): { readonly ca?: string } {
  const { authority } = service.settings;
  return authority === undefined ? {} : { ca: authority };
}

async function createIfMissing(enrollmentGroupId: string, attestation: object, { service }: Context): Promise<void> {
  const path = `/enrollmentGroups/${part(enrollmentGroupId)}`;
  try {
    await service.service('GET', path);
  } catch (error) {
    const isMissing = error instanceof CommandFailed && error.code === exitCode.no;
    if (!isMissing) throw error;
    await service.service('PUT', path, { body: { enrollmentGroupId, attestation } });
  }
}
