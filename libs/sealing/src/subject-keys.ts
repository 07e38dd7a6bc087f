import { SubjectKey } from './box';

/** Where keys of subjects are kept, each under an id. What is given once for a subject stays its key until it is destroyed. */
export interface SubjectKeys {
  /** The subject's key, made and durable when it had none. */
  keyFor(subject: string): Promise<SubjectKey>;
  /** Keys by id; those that are gone are left out. */
  find(ids: readonly string[]): Promise<ReadonlyMap<string, Buffer>>;
  /**
   * Destroys the subject's keys for good, in every process; true when there were some. A subject that writes again gets a new one.
   * May be repeated after a crash.
   */
  destroy(subject: string): Promise<boolean>;
}
