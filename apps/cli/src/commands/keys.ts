import { CommandFailed, exitCode, usageError } from '../exit-codes';
import { Context } from '../verb';
import { part } from './inputs';

interface Mechanism {
  readonly type: string;
  readonly symmetricKey?: { readonly primaryKey?: string };
}

/** The primary key of a group, base64. Error: `CommandFailed`. */
export async function groupKey(groupId: string | undefined, context: Context): Promise<string> {
  if (groupId === undefined) throw usageError('give --enrollment-id or --key');
  return await primaryKey('enrollmentGroups', groupId, context);
}

/** The primary key of a device with an enrollment of its own, base64. Error: `CommandFailed`. */
export function enrollmentKey(registrationId: string, context: Context): Promise<string> {
  return primaryKey('enrollments', registrationId, context);
}

async function primaryKey(kind: 'enrollments' | 'enrollmentGroups', id: string, { service }: Context): Promise<string> {
  const path = `/${kind}/${part(id)}/attestationmechanism`;
  const { symmetricKey } = (await service.service('POST', path)) as Mechanism;
  if (symmetricKey?.primaryKey !== undefined) return symmetricKey.primaryKey;
  throw new CommandFailed(`${id} does not attest by symmetric keys`, exitCode.no);
}
