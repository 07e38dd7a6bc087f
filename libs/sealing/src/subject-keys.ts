import { SubjectKey } from './box';

/** Where keys of subjects are kept, each under an id. What is given once for a subject stays its key until it is destroyed. */
export interface SubjectKeys {
  /** The subject's key, made and durable when it had none. */
  keyFor(subject: string): Promise<SubjectKey>;
  /** Keys by id; those that are gone are left out. */
  find(ids: readonly string[]): Promise<ReadonlyMap<string, Buffer>>;
  /**
   * Takes the subject's key out of use: when this ends no process seals with it any more, and what it has sealed opens nowhere. True
   * when there was one; a subject that writes again gets a new one. May be repeated after a crash.
   */
  retire(subject: string): Promise<boolean>;
  /** Destroys the subject's retired keys for good; true when there were some. */
  destroy(subject: string): Promise<boolean>;
}
