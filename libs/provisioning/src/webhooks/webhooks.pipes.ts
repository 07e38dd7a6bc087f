import { Injectable, PipeTransform } from '@nestjs/common';
import { ProblemError } from '../management/problem';
import { EVENT_ID, WEBHOOK_NAME } from './webhooks.dto';

@Injectable()
export class WebhookNamePipe implements PipeTransform<string, string> {
  transform(value: string): string {
    if (WEBHOOK_NAME.test(value)) return value;
    throw ProblemError.invalidRequest('The path does not name a webhook: 1 to 64 letters, digits and - . _');
  }
}

@Injectable()
export class EventIdPipe implements PipeTransform<string, string> {
  transform(value: string): string {
    if (EVENT_ID.test(value)) return value.toLowerCase();
    throw ProblemError.invalidRequest('The path does not name an event.');
  }
}
