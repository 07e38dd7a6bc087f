import { plainToInstance } from 'class-transformer';
import { ValidationError, validateSync } from 'class-validator';
import { DpsError } from './dps-error';

/** Problems named in one answer; the rest would only make it long. */
const PROBLEMS_NAMED_MAX = 5;

/**
 * The body as an instance of its DTO class, without members the class does not know. Error: `DpsError` 400004 that names the
 * members that are wrong and what they must be, never their values.
 */
export function validated<Dto extends object>(type: new () => Dto, body: unknown): Dto {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw DpsError.badRequest('The body must be a JSON object.');
  }
  const dto = plainToInstance(type, body);
  const errors = validateSync(dto, { whitelist: true, forbidUnknownValues: true, stopAtFirstError: true });
  if (errors.length === 0) return dto;
  const problems = errors.flatMap((error) => problemsOf(error, ''));
  throw DpsError.badRequest(problems.slice(0, PROBLEMS_NAMED_MAX).join('; '));
}

function problemsOf({ property, constraints = {}, children = [] }: ValidationError, path: string): string[] {
  const own = Object.values(constraints).map((message) => `${path}${message}`);
  return [...own, ...children.flatMap((child) => problemsOf(child, `${path}${property}.`))];
}
