import { randomUUID } from 'node:crypto';
import { KeyPair } from '@app/attestation';
import { EventStore, Snapshots } from '@app/event-sourcing';
import { uuidv7 } from 'uuidv7';
import { HubAccess, HubPolicy } from './access/hub-access';
import { HubConnections } from './connections/hub-connections';
import { SealedKey } from './devices/device.events';
import { Device, DeviceState } from './devices/device.state';
import { HubDevices } from './devices/hub-devices';
import { SecretBox } from './secret-box.port';

export interface HubSettings {
  /** Without port; case does not matter. */
  readonly hostName: string;
  readonly policies: readonly HubPolicy[];
}

export interface HubParts {
  readonly store: EventStore;
  readonly secretBox: SecretBox;
  readonly clock: () => Date;
  readonly snapshots: Snapshots<DeviceState> | undefined;
  readonly eraseSubject?: ((subject: string) => Promise<unknown>) | undefined;
}

/** One IoT hub: its policies, its devices, and the facts that commands need. */
export class Hub {
  readonly hostName: string;
  readonly access: HubAccess;
  readonly connections: HubConnections;
  readonly devices: HubDevices;
  readonly secrets: SecretBox;
  readonly clock: () => Date;

  constructor({ hostName, policies }: HubSettings, { store, secretBox, clock, snapshots, eraseSubject }: HubParts) {
    this.hostName = hostName.toLowerCase();
    this.access = new HubAccess(this.hostName, policies);
    this.secrets = secretBox;
    this.clock = clock;
    this.connections = new HubConnections(() => this.now());
    const watch = this.connections;
    this.devices = new HubDevices({ hubName: this.hostName, store, newId: uuidv7, watch, snapshots, eraseSubject });
  }

  /** ISO 8601 UTC, for commands. */
  now(): string {
    return this.clock().toISOString();
  }

  /** The keys a device signs its tokens with; undefined when it proves itself otherwise. */
  keysOf({ credentials }: Device): KeyPair | undefined {
    if (credentials.type !== 'sas') return undefined;
    const bytes = (key: SealedKey): Buffer => Buffer.from(this.secrets.open(key), 'base64');
    return { primary: bytes(credentials.primaryKey), secondary: bytes(credentials.secondaryKey) };
  }

  newGenerationId(): string {
    return randomUUID();
  }
}
