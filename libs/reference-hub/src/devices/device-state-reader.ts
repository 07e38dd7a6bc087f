import { EventStore, Snapshots, StateReader, VersionedState } from '@app/event-sourcing';
import { deviceDecider } from './device.decider';
import { DeviceDirectory } from './device-directory';
import { deviceCodec, DeviceEvent } from './device.events';
import { parseDeviceStream } from './device-id';
import { DeviceState } from './device.state';

/** Folded devices kept in memory per hub, so that reads of them need no store; about 4 KB each. */
const STATES_CACHED_MAX = 10_000;
/** How long after a failed append it may still turn out to be stored; until then the store is asked at every read. */
const DOUBT_MS = 60_000;
const DOUBTS_MAX = 10_000;

/**
 * The states of one hub's devices, from memory where possible: this process is the only writer of their streams, and the directory
 * knows which streams do not exist.
 */
export class DeviceStateReader extends StateReader<DeviceState, DeviceEvent> {
  /** Streams whose last append failed, with the time (of `performance.now()`) until which memory is not trusted. */
  private readonly doubts = new Map<string, number>();

  constructor(
    store: EventStore,
    private readonly directory: DeviceDirectory,
    snapshots?: Snapshots<DeviceState>,
  ) {
    super(store, deviceDecider, deviceCodec, { statesMax: STATES_CACHED_MAX, soleWriter: true, snapshots });
  }

  override async read(stream: string): Promise<VersionedState<DeviceState>> {
    if (this.doubts.has(stream)) return this.readDoubted(stream);
    const place = parseDeviceStream(stream);
    if (place !== undefined && this.directory.neverExisted(place.deviceId)) {
      return { state: deviceDecider.initialState, revision: undefined };
    }
    return super.read(stream);
  }

  /** Called when an append failed, which does not mean that it was not stored. */
  override forget(stream: string): void {
    super.forget(stream);
    this.doubts.delete(stream);
    this.doubts.set(stream, performance.now() + DOUBT_MS);
    if (this.doubts.size <= DOUBTS_MAX) return;
    const oldest = this.doubts.keys().next();
    if (oldest.done !== true) this.doubts.delete(oldest.value);
  }

  private async readDoubted(stream: string): Promise<VersionedState<DeviceState>> {
    super.forget(stream);
    const found = await super.read(stream);
    const place = parseDeviceStream(stream);
    if (place !== undefined && found.revision !== undefined) {
      this.directory.note(place.deviceId, found.state.exists ? found.state.status : 'deleted');
    }
    if (performance.now() > (this.doubts.get(stream) ?? 0)) this.doubts.delete(stream);
    return found;
  }
}
