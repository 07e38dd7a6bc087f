import { Injectable, PipeTransform } from '@nestjs/common';
import { CERTIFICATE_NAME, HOST_NAME, ID, OPERATION_ID } from './inputs.dto';
import { ProblemError } from './problem';

function checked(pattern: RegExp, what: string): new () => PipeTransform<string, string> {
  @Injectable()
  class PathPipe implements PipeTransform<string, string> {
    transform(value: string): string {
      if (pattern.test(value)) return value;
      throw ProblemError.invalidRequest(`The path does not name ${what}.`);
    }
  }
  return PathPipe;
}

/** What stands in a path, checked before anything is looked up. */
export const IdPipe = checked(ID, 'an id of 1 to 128 letters, digits and - . _ :');
export const CertificateNamePipe = checked(CERTIFICATE_NAME, 'a certificate: 1 to 64 letters, digits and - . _');
export const HostNamePipe = checked(HOST_NAME, 'a host name');
export const OperationIdPipe = checked(OPERATION_ID, 'an operation id');
