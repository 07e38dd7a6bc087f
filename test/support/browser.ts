import { existsSync } from 'node:fs';
import { Browser, BrowserContext, BrowserContextOptions, Page, chromium } from 'playwright-core';
import type { RunningService } from './running-service';

/** Where distributions put it. */
const usualPlaces = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome', '/snap/bin/chromium'];
/** A machine shared with others draws late; a page that is never right still fails. */
const WAIT_TIMEOUT_MS = 15_000;
export const DESKTOP = { width: 1200, height: 800 } as const;
export const PHONE = { width: 390, height: 800 } as const;

export function chromiumPath(): string {
  const named = process.env.CHROMIUM_PATH;
  const found = named !== undefined && named !== '' ? named : usualPlaces.find((path) => existsSync(path));
  if (found === undefined) throw new Error('No Chromium is installed; name one by CHROMIUM_PATH');
  return found;
}

/** A real Chromium before the dashboard of a running service. */
export class Dashboard {
  /** Requests that a page sent anywhere but to the service; must stay empty. */
  readonly strays: string[] = [];
  /** What pages wrote to the console as errors, a refused inline script for one, and errors that nobody caught. */
  readonly complaints: string[] = [];
  readonly origin: string;

  private constructor(
    private readonly browser: Browser,
    private readonly service: RunningService,
  ) {
    this.origin = `https://${service.host}:${service.facts.port}`;
  }

  static async open(service: RunningService): Promise<Dashboard> {
    const args = ['--host-resolver-rules=MAP *.localhost 127.0.0.1', '--disable-dev-shm-usage', '--force-color-profile=srgb'];
    return new Dashboard(await chromium.launch({ executablePath: chromiumPath(), args }), service);
  }

  /** A browser of its own: no cookie, nothing stored. The development authority is not known to it. */
  async context(options: BrowserContextOptions = {}): Promise<BrowserContext> {
    const context = await this.browser.newContext({ ignoreHTTPSErrors: true, viewport: DESKTOP, ...options });
    context.setDefaultTimeout(WAIT_TIMEOUT_MS);
    context.on('request', (request) => {
      if (!request.url().startsWith(`${this.origin}/`)) this.strays.push(request.url());
    });
    context.on('console', (message) => {
      if (message.type() === 'error') this.complaints.push(message.text());
    });
    context.on('weberror', (error) => this.complaints.push(error.error().message));
    return context;
  }

  url(path = ''): string {
    return `${this.origin}/dashboard/${path}`;
  }

  /** The sign-in page in a browser of its own. */
  async visitor(options?: BrowserContextOptions): Promise<Page> {
    const page = await (await this.context(options)).newPage();
    await page.goto(this.url());
    return page;
  }

  /** The fleet page of somebody who has signed in by the administrator's token, as a person would. */
  async signedIn(options?: BrowserContextOptions): Promise<Page> {
    const page = await this.visitor(options);
    await page.getByLabel('Access token').fill(this.service.facts.apiToken);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('heading', { level: 1, name: 'Fleet' }).waitFor();
    return page;
  }

  close(): Promise<void> {
    return this.browser.close();
  }
}
