import type { ProvisioningServiceClient } from 'azure-iot-provisioning-service';
import type {
  BulkEnrollmentOperation,
  BulkEnrollmentOperationResult,
  DeviceRegistrationState,
  EnrollmentGroup,
  IndividualEnrollment,
} from 'azure-iot-provisioning-service/dist/interfaces';

type Item = IndividualEnrollment | EnrollmentGroup | DeviceRegistrationState;

/** What `client.create…Query()` gives: the package does not export its own type for it. */
type Query = ReturnType<ProvisioningServiceClient['createIndividualEnrollmentQuery']>;

/** What a page comes as; the SDK's type says `{ items }`, but it gives the body, an array. */
interface Page {
  readonly responseBody: readonly Item[];
  readonly httpResponse: { readonly headers: Readonly<Record<string, string | string[] | undefined>> };
}

const PAGES_MAX = 1000;

/** A bulk operation by the SDK's callback: its promise never settles (wire contract §4.10). */
export function runBulk(
  client: ProvisioningServiceClient,
  operation: BulkEnrollmentOperation,
): Promise<BulkEnrollmentOperationResult> {
  return new Promise((resolve, reject) => {
    client.runBulkEnrollmentOperation(operation, (error, result) => {
      if (result === undefined) reject(error ?? new Error('the SDK gave no result'));
      else resolve(result);
    });
  });
}

/** All pages of a query, in order. The token is passed on by hand: without it the SDK's promise gives the first page for ever. */
export async function queryPages(query: Query): Promise<readonly (readonly Item[])[]> {
  const pages: (readonly Item[])[] = [];
  let token: string | undefined;
  do {
    if (pages.length >= PAGES_MAX) throw new Error(`the query has more than ${PAGES_MAX} pages`);
    const page = (await (token === undefined ? query.next() : query.next(token))) as unknown as Page;
    pages.push(page.responseBody);
    const next = page.httpResponse.headers['x-ms-continuation'];
    token = typeof next === 'string' ? next : undefined;
  } while (token !== undefined);
  return pages;
}
