import { existsSync } from 'node:fs';
import { Browser, BrowserContext, Page, chromium } from 'playwright-core';
import type { RunningService } from './running-service';

/** Usual places of Debian's package, of Google's and of macOS; `CHROMIUM_PATH` goes before them. */
const places = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];
const ACTION_TIMEOUT_MS = 10_000;
const desktop = { width: 1280, height: 860 };

export interface TestBrowser {
  /** A browser of its own that knows nobody yet. */
  context(options?: { readonly width?: number; readonly height?: number; readonly dark?: boolean }): Promise<BrowserContext>;
  /** The sign-in page of such a browser. */
  visitor(options?: { readonly width?: number; readonly height?: number; readonly dark?: boolean }): Promise<Page>;
  /** A page of such a browser where the administrator is signed in. */
  signedIn(options?: { readonly width?: number; readonly height?: number; readonly dark?: boolean }): Promise<Page>;
  /** What pages complained of: errors of scripts, and what the Content-Security-Policy blocked. */
  readonly complaints: readonly string[];
  /** Addresses other than the service's that a page asked for; must stay empty. */
  readonly strays: readonly string[];
  close(): Promise<void>;
}

/** Error: says what to install where there is no Chromium. */
function chromiumPath(): string {
  const given = process.env.CHROMIUM_PATH;
  const found = given ?? places.find((path) => existsSync(path));
  if (found === undefined || !existsSync(found)) {
    throw new Error(`no Chromium at ${given ?? places.join(', ')}: install the package chromium, or set CHROMIUM_PATH`);
  }
  return found;
}

export function dashboardUrl({ host, endpoint }: RunningService, path = '/'): string {
  return `https://${host}:${endpoint.port}/dashboard${path}`;
}

export async function startBrowser(service: RunningService): Promise<TestBrowser> {
  const browser: Browser = await chromium.launch({
    executablePath: chromiumPath(),
    // The sandbox wants rights that root inside a container does not have; only our own page is shown.
    args: ['--no-sandbox', '--disable-gpu', '--force-color-profile=srgb'],
  });
  const complaints: string[] = [];
  const strays: string[] = [];
  const origin = new URL(dashboardUrl(service)).origin;
  const context: TestBrowser['context'] = async ({ width = desktop.width, height = desktop.height, dark = false } = {}) => {
    const made = await browser.newContext({
      // The certificate is of the service's own authority; that clients can check it is tested elsewhere.
      ignoreHTTPSErrors: true,
      viewport: { width, height },
      colorScheme: dark ? 'dark' : 'light',
      locale: 'en-GB',
      timezoneId: 'UTC',
    });
    made.setDefaultTimeout(ACTION_TIMEOUT_MS);
    made.on('request', (request) => {
      if (new URL(request.url()).origin !== origin) strays.push(request.url());
    });
    made.on('weberror', (error) => complaints.push(error.error().message));
    made.on('console', (message) => {
      if (message.type() === 'error' && !/status of 4\d\d/.test(message.text())) complaints.push(message.text());
    });
    return made;
  };
  const visitor: TestBrowser['visitor'] = async (options) => {
    const page = await (await context(options)).newPage();
    await page.goto(dashboardUrl(service));
    return page;
  };
  return {
    context,
    visitor,
    signedIn: async (options) => {
      const page = await visitor(options);
      await signIn(page, service.facts.apiToken);
      return page;
    },
    complaints,
    strays,
    close: () => browser.close(),
  };
}

export async function signIn(page: Page, token: string): Promise<void> {
  await page.getByLabel('Access token').fill(token);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.getByRole('button', { name: 'Sign out' }).waitFor();
}
