import { ReadDatabase, Row } from '@app/provisioning';
import { openBoxes, SubjectKeys } from '@app/sealing';

/** The read models, which keep what is sealed as it is, with it opened for those who ask; null stands where it was erased. */
export class OpeningReadDatabase implements ReadDatabase {
  constructor(
    private readonly inner: ReadDatabase,
    private readonly keys: SubjectKeys,
  ) {}

  async query<T extends Row = Row>(statement: Parameters<ReadDatabase['query']>[0]): Promise<T[]> {
    return openBoxes(await this.inner.query<T>(statement), this.keys);
  }
}
