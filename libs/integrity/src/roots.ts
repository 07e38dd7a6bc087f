import { createHash, createPublicKey, KeyObject, sign, verify } from 'node:crypto';
import canonicalize from 'canonicalize';
import { Position, RecordedEvent } from '@app/event-sourcing';
import { hashAt, linkOf } from './chain';

/** A signed statement about everything in a log up to a position; each one covers the one before it. */
export interface SignedRoot {
  readonly log: string;
  /** 1 for the first. */
  readonly number: number;
  /** Exclusive. */
  readonly from: Position | 'start';
  /** Inclusive: position of the last event covered. */
  readonly to: Position;
  /** Events between the two. */
  readonly events: number;
  /** Some event up to here is linked to the one before it, so that all that follow must be. */
  readonly chained: boolean;
  readonly previousRoot: string;
  /** SHA-256, base64url. */
  readonly root: string;
  readonly at: string;
  /** SHA-256 of the public key in DER, base64url, cut to 16 characters. */
  readonly keyId: string;
  /** Ed25519 over the canonical JSON of all the rest, base64url. */
  readonly signature: string;
}

/** Hashes events in the order of the log, with what the store says of each: where it is, and when it was stored. */
export class RootBuilder {
  private readonly digest;
  events = 0;

  constructor(readonly previousRoot: string) {
    this.digest = createHash('sha256').update(`${previousRoot}\n`);
  }

  add(event: RecordedEvent): void {
    this.events += 1;
    const { stream, revision, position, recordedAt, metadata } = event;
    const mac = linkOf(metadata)?.mac ?? null;
    this.digest.update(`${JSON.stringify([hashAt(event), mac, stream, revision.toString(), position, recordedAt])}\n`);
  }

  /** To be called once. */
  root(): string {
    return this.digest.digest('base64url');
  }
}

export function keyIdOf(publicKey: KeyObject): string {
  const der = publicKey.export({ type: 'spki', format: 'der' });
  return createHash('sha256').update(der).digest('base64url').slice(0, 16);
}

export function signRoot(unsigned: Omit<SignedRoot, 'keyId' | 'signature'>, privateKey: KeyObject): SignedRoot {
  const named = { ...unsigned, keyId: keyIdOf(createPublicKey(privateKey)) };
  return { ...named, signature: sign(null, textOf(named), privateKey).toString('base64url') };
}

export function isSigned({ signature, ...rest }: SignedRoot, publicKey: KeyObject): boolean {
  return verify(null, textOf(rest), publicKey, Buffer.from(signature, 'base64url'));
}

function textOf(root: Omit<SignedRoot, 'signature'>): Buffer {
  return Buffer.from(canonicalize(root) ?? '');
}

/** Null for a text that is no root; whether its signature holds is another question. */
export function parseRoot(line: string): SignedRoot | null {
  try {
    const root = JSON.parse(line) as Partial<Record<keyof SignedRoot, unknown>> | null;
    const texts = [root?.log, root?.from, root?.to, root?.previousRoot, root?.root, root?.at, root?.keyId, root?.signature];
    const numbers = [root?.number, root?.events];
    const isRoot = texts.every((text) => typeof text === 'string') && numbers.every((number) => Number.isSafeInteger(number));
    return isRoot && typeof root?.chained === 'boolean' ? (root as unknown as SignedRoot) : null;
  } catch {
    return null;
  }
}
