import { ArgumentsHost, Catch, ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { DpsError } from '../shared/dps-error';

/** Not a failure but the first half of an attestation: the device is to prove that its TPM gives out the key in the blob. */
export class TpmChallenge extends DpsError {
  constructor(
    /** The activation blob. */
    readonly blob: Buffer,
  ) {
    super(401002, 'Unauthorized', 'challenged to activate a key in its TPM');
    this.name = 'TpmChallenge';
  }
}

/** The answer that HTTPS clients wait for (wire contract §3.4); it differs from every error. */
@Catch(TpmChallenge)
export class TpmChallengeFilter implements ExceptionFilter<TpmChallenge> {
  catch({ status, blob }: TpmChallenge, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    void http
      .getResponse<FastifyReply>()
      .status(status)
      .header('content-type', 'application/json; charset=utf-8')
      .header('x-ms-request-id', http.getRequest<FastifyRequest>().id)
      .send({
        message: 'Authorization required, resend request using supplied key',
        authenticationKey: blob.toString('base64'),
        unencryptedAuthenticationKey: null,
        keyName: 'registration',
      });
  }
}
