import { CommandFailed, exitCode, usageError } from '../exit-codes';
import { Context } from '../verb';
import { part } from './inputs';

interface Mechanism {
  readonly type: string;
  readonly symmetricKey?: { readonly primaryKey?: string };
}

/** The primary key of a group, base64. Error: `CommandFailed`. */
export async function groupKey(groupId: string | undefined, { service }: Context): Promise<string> {
  if (groupId === undefined) throw usageError('give --enrollment-id or --key');
  const path = `/enrollmentGroups/${part(groupId)}/attestationmechanism`;
  const { symmetricKey } = (await service.service('POST', path)) as Mechanism;
  if (symmetricKey?.primaryKey !== undefined) return symmetricKey.primaryKey;
  throw new CommandFailed(`${groupId} does not attest by symmetric keys`, exitCode.no);
}
