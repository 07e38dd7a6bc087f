export const HOME = '/dashboard/';
const ADDRESS_CHARACTERS_MAX = 1_024;
/** Only to take an address apart; never asked. */
const HERE = 'https://dashboard.invalid';
/** Paths below /dashboard that are no page. */
const NO_PAGE = /^\/dashboard\/(?:oidc|session|sign-in|assets)(?:\/|$)/;

/** The page of the dashboard that somebody asked for before signing in; anything else becomes the first page, so that nobody is sent elsewhere. */
export function returnAddress(asked: unknown): string {
  if (typeof asked !== 'string' || asked.length > ADDRESS_CHARACTERS_MAX || !URL.canParse(asked, HERE)) return HOME;
  const { origin, pathname, searchParams } = new URL(asked, HERE);
  if (origin !== HERE || !pathname.startsWith(HOME) || NO_PAGE.test(pathname)) return HOME;
  searchParams.delete('sign-in');
  const query = searchParams.toString();
  return query === '' ? pathname : `${pathname}?${query}`;
}
