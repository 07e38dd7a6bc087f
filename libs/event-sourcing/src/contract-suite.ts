import { appendContract } from './contract/append.contract-suite';
import { readContract } from './contract/read.contract-suite';
import { subscriptionContract } from './contract/subscription.contract-suite';
import { ContractSubject, SubjectFactory } from './contract/support';

export type { ContractSubject, SubjectFactory } from './contract/support';

/**
 * What every event store must do, as a jest suite. The factory is called once: some clients allow one per process. Tests use streams of
 * their own and positions from where they begin, so that the suite also runs against a server that holds other events.
 */
export function eventStoreContract(name: string, factory: SubjectFactory): void {
  describe(`event store contract: ${name}`, () => {
    let subject: ContractSubject | undefined;
    const current = (): ContractSubject => {
      if (subject === undefined) throw new Error('the store under test was not opened');
      return subject;
    };

    beforeAll(async () => {
      subject = await factory();
    });
    afterAll(async () => {
      await subject?.store.close();
      await subject?.cleanUp?.();
    });

    describe('append', () => appendContract(current));
    describe('read', () => readContract(current));
    describe('subscribe', () => subscriptionContract(current));
  });
}
