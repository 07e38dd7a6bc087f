import { request as httpsRequest } from 'node:https';

export interface VisitorAnswer {
  readonly url: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

export interface VisitorCall {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** An object goes as JSON, text as a form. */
  readonly body?: object | string;
}

const REDIRECTS_MAX = 15;

/** As a browser visits: cookies by origin, redirects one by one. Sends what browsers send of itself where it is told to. */
export class WebVisitor {
  private readonly cookies = new Map<string, Map<string, string>>();

  constructor(private readonly ca: readonly string[]) {}

  cookie(url: string, name: string): string | undefined {
    return this.cookies.get(new URL(url).origin)?.get(name);
  }

  setCookie(url: string, name: string, value: string): void {
    this.jar(new URL(url).origin).set(name, value);
  }

  /** One request, without following. */
  send(url: string, { method = 'GET', headers, body }: VisitorCall = {}): Promise<VisitorAnswer> {
    const { origin, hostname, port, pathname, search } = new URL(url);
    const cookie = [...this.jar(origin)].map(([name, value]) => `${name}=${value}`).join('; ');
    const isForm = typeof body === 'string';
    const text = body === undefined ? undefined : isForm ? body : JSON.stringify(body);
    const contentType = isForm ? 'application/x-www-form-urlencoded' : 'application/json';
    return new Promise((settle, refuse) => {
      const sent = httpsRequest(
        {
          host: '127.0.0.1',
          port,
          servername: hostname === '127.0.0.1' ? '' : hostname,
          path: pathname + search,
          method,
          ca: [...this.ca],
          agent: false,
          headers: {
            host: `${hostname}:${port}`,
            ...(cookie === '' ? {} : { cookie }),
            ...(text === undefined ? {} : { 'content-type': contentType, 'content-length': String(Buffer.byteLength(text)) }),
            ...headers,
          },
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.once('error', refuse);
          response.on('end', () => {
            this.keep(origin, response.headers['set-cookie'] ?? []);
            const { statusCode = 0, headers: got } = response;
            settle({ url, status: statusCode, headers: got, text: Buffer.concat(chunks).toString('utf8') });
          });
        },
      );
      sent.once('error', refuse);
      sent.end(text);
    });
  }

  /** Follows redirects to the end. */
  async visit(url: string, call?: VisitorCall): Promise<VisitorAnswer> {
    let answer = await this.send(url, call);
    for (let hop = 0; hop < REDIRECTS_MAX; hop++) {
      const { location } = answer.headers;
      if (answer.status < 300 || answer.status >= 400 || typeof location !== 'string') return answer;
      answer = await this.send(new URL(location, answer.url).href);
    }
    throw new Error(`more than ${REDIRECTS_MAX} redirects from ${url}`);
  }

  private jar(origin: string): Map<string, string> {
    const jar = this.cookies.get(origin) ?? new Map<string, string>();
    this.cookies.set(origin, jar);
    return jar;
  }

  private keep(origin: string, lines: readonly string[]): void {
    for (const line of lines) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (value === '' || /max-age=0/i.test(line)) this.jar(origin).delete(name);
      else this.jar(origin).set(name, value);
    }
  }
}
