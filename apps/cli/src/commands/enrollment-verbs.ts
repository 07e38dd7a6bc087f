import { columns } from '../output/columns';
import { Context, Values, Verb, verb } from '../verb';
import { attestationTypes } from './enrollment-body';
import { countIn, ifMatch, part, shared } from './inputs';

/** The option that names an enrollment of either kind. */
interface Named extends Readonly<Record<string, { type: 'string'; describe: string; demandOption: true }>> {
  readonly 'enrollment-id': { type: 'string'; describe: string; demandOption: true };
}

export const enrollmentListing = {
  'attestation-type': { choices: attestationTypes, alias: 'at', describe: 'Only those that attest like this', requiresArg: true },
  'provisioning-status': { choices: ['enabled', 'disabled'], alias: 'ps', describe: 'Only those', requiresArg: true },
  top: shared.top,
} as const;

const enrollmentColumns = columns({
  'enrollment id': 'id',
  attestation: 'document.attestation.type',
  status: 'provisioningStatus',
  allocation: 'document.allocationPolicy',
  hubs: 'document.iotHubs',
  'moves devices': 'reprovisionPolicy.updateHubAssignment',
  'with their twins': 'reprovisionPolicy.migrateDeviceData',
  changed: 'updatedAt',
});

/** Both kinds of enrollments are listed alike. */
export async function listEnrollments(
  path: string,
  values: Values<typeof enrollmentListing>,
  { service, printer }: Context,
): Promise<void> {
  const { attestationType, provisioningStatus, top } = values;
  const items = await service.list(path, { attestationType, provisioningStatus }, countIn('top', top));
  printer.list(enrollmentColumns, items);
}

export function showEnrollment(noun: string, path: string, named: Named): Verb {
  const options = {
    ...named,
    'show-keys': { type: 'boolean', alias: 'keys', describe: 'With its symmetric keys; takes the right to write' },
  } as const;
  return verb({
    command: 'show',
    summary: 'Show one enrollment',
    options,
    examples: [
      [`${noun} show --enrollment-id sn-42`, 'without its keys'],
      [`${noun} show --enrollment-id sn-42 --show-keys -o json`, 'with them'],
    ],
    run: async ({ enrollmentId, showKeys }, { service, printer }) => {
      const route = `${path}/${part(enrollmentId)}`;
      const shown = (await service.service('GET', servicePath(route))) as object;
      const attestation =
        showKeys === true ? await service.service('POST', `${servicePath(route)}/attestationmechanism`) : undefined;
      printer.one(attestation === undefined ? shown : { ...shown, attestation });
    },
  });
}

export function removeEnrollment(noun: string, path: string, named: Named): Verb {
  return verb({
    command: 'delete',
    summary: 'Delete an enrollment; its devices stay where they are and are refused when they come back',
    options: { ...named, etag: shared.etag },
    examples: [[`${noun} delete --enrollment-id sn-42`, 'whatever its etag is']],
    run: async ({ enrollmentId, etag }, { service, printer }) => {
      await service.service('DELETE', `${servicePath(path)}/${part(enrollmentId)}`, { headers: ifMatch(etag) });
      printer.note(`deleted ${enrollmentId}`);
    },
  });
}

export function regenerateKey(noun: string, path: string, named: Named): Verb {
  const options = {
    ...named,
    key: {
      choices: ['primary', 'secondary'],
      demandOption: true,
      describe: 'The key to replace; the other one goes on to hold',
      requiresArg: true,
    },
    etag: shared.etag,
  } as const;
  return verb({
    command: 'regenerate-key',
    summary: 'Replace one of the two symmetric keys by a new one, and print it',
    options,
    examples: [[`${noun} regenerate-key --enrollment-id sn-42 --key secondary`, 'devices with the primary key notice nothing']],
    run: async ({ enrollmentId, key, etag }, { service, printer }) => {
      printer.one(
        await service.manage('POST', `${path}/${part(enrollmentId)}/regenerate-key`, { body: { key }, headers: ifMatch(etag) }),
      );
    },
  });
}

/** The management API and the service API write the same nouns differently. */
function servicePath(path: string): string {
  return path.replace(/^\/enrollment-groups/, '/enrollmentGroups');
}
