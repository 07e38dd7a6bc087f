import type { Socket } from 'node:net';
import { plainAddress } from '@app/provisioning/shared/networks';

export interface ConnectionLedgerOptions {
  /** On all ports together. */
  readonly connectionsMax: number;
  /** From one address; 0 is no limit. */
  readonly perAddressMax: number;
  /** Adds to the gauge of open connections. */
  readonly count?: (name: string, by?: number) => void;
}

const GAUGE = 'tcp.connections';

/** The open connections of a process, by the addresses of its clients. */
export class ConnectionLedger {
  private readonly byAddress = new Map<string, number>();
  private open = 0;

  constructor(private readonly options: ConnectionLedgerOptions) {}

  /** Counts the connection until it closes, or says why it must not come in. Its address must be the client's by now. */
  enter(socket: Socket): 'too-many-connections' | 'too-many-from-address' | undefined {
    const { connectionsMax, perAddressMax } = this.options;
    if (this.open >= connectionsMax) return 'too-many-connections';
    const address = plainAddress(socket.remoteAddress ?? '');
    const before = this.byAddress.get(address) ?? 0;
    if (perAddressMax > 0 && before >= perAddressMax) return 'too-many-from-address';
    this.byAddress.set(address, before + 1);
    this.change(1);
    socket.once('close', () => {
      const left = (this.byAddress.get(address) ?? 1) - 1;
      if (left === 0) this.byAddress.delete(address);
      else this.byAddress.set(address, left);
      this.change(-1);
    });
    return undefined;
  }

  private change(by: number): void {
    this.open += by;
    this.options.count?.(GAUGE, by);
  }
}
