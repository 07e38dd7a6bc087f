/** An answer that is no success, as a person is told of it. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly title: string,
    detail: string,
    /** Each thing wrong with the input, a sentence. */
    readonly errors: readonly string[] = [],
  ) {
    super(detail);
    this.name = 'Problem';
  }
}

interface ProblemDocument {
  readonly title?: string;
  readonly detail?: string;
  readonly errors?: readonly string[];
  /** Of the compatible routes. */
  readonly message?: string;
}

export async function problemOf(response: Response): Promise<Problem> {
  const document = (await response.json().catch(() => ({}))) as ProblemDocument;
  const detail = document.detail ?? document.message ?? 'The service gave no reason.';
  return new Problem(response.status, document.title ?? `Answer ${response.status}`, detail, document.errors);
}

export function unreachable(): Problem {
  return new Problem(0, 'No connection', 'The service cannot be reached. It is tried again by itself.');
}

export function problemIn(error: unknown): Problem {
  return error instanceof Problem ? error : new Problem(0, 'Error', error instanceof Error ? error.message : String(error));
}
