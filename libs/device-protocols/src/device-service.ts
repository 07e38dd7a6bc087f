/** Who calls over a transport that keeps a connection, with everything presented to prove it. */
export interface DeviceCaller {
  readonly transport: 'mqtt' | 'amqp';
  readonly idScope: string;
  readonly registrationId: string;
  readonly apiVersion: string | undefined;
  readonly clientVersion: string | undefined;
  /** A SAS token, when the device presents one. */
  readonly authorization: string | undefined;
  /** The certificates of the TLS handshake in DER, leaf first. */
  readonly certificates: readonly Buffer[];
  /** Public keys of the device's TPM, each a TPM2B_PUBLIC, when the transport's handshake names them. */
  readonly tpm?: { readonly endorsementKey: Buffer; readonly storageRootKey: Buffer };
  readonly remoteAddress: string;
}

/** The device API's answer before a transport gives it a form: the documents of wire contract §1.4, or the error body of §1.7. */
export interface DeviceAnswer {
  /** As in HTTP. */
  readonly status: number;
  readonly retryAfterS: number | undefined;
  readonly body: object;
}

/** What an edge asks of the service behind it. The answers to failures are answers too: no method rejects. */
export interface DeviceService {
  /** Undefined when the credentials hold, otherwise the error. Nothing happens to the device. */
  refusal(caller: DeviceCaller): Promise<DeviceAnswer | undefined>;
  /** R1; `body` as parsed. */
  register(caller: DeviceCaller, body: unknown): Promise<DeviceAnswer>;
  /** The answer to a request whose body cannot be read; `problem` is for the device. */
  malformed(caller: DeviceCaller, problem: string): DeviceAnswer;
  /** R2. */
  operation(caller: DeviceCaller, operationId: string): Promise<DeviceAnswer>;
  /** R3. */
  lookUp(caller: DeviceCaller, body: unknown): Promise<DeviceAnswer>;
}

/** Where an edge counts what it does and says whom it did not serve. Names and reasons are words of the code, never of a client. */
export interface EdgeMetrics {
  count(name: string, by?: number): void;
  refused(refusal: {
    readonly protocol: string;
    readonly reason: string;
    readonly remoteAddress: string;
    readonly detail?: string;
  }): void;
}
