import { type IncomingMessage, request as requestHttp, type RequestOptions } from 'node:http';
import { request as requestHttps } from 'node:https';
import { isIP } from 'node:net';
import pRetry, { AbortError } from 'p-retry';
import { type Checkpoint, signedCheckpoint } from '../../models/checkpoint.js';
import { CheckpointSinkPort } from '../../ports/checkpoint-sink.js';
import { isPublicAddress, PrivateAddressError, publicLookup } from './public-addresses.js';

export interface WebhookOptions {
  /** `http:` or `https:`; a user and password in it are sent as Basic authentication. */
  readonly url: string;
  /** Whether it may be at a private or link-local address. */
  readonly allowPrivate: boolean;
  /** How long one attempt may take, in milliseconds. */
  readonly timeoutMs?: number;
}

const attempts = {
  retries: 2,
  minTimeout: 250,
  factor: 2,
  randomize: true,
  shouldRetry: ({ error }: { readonly error: Error }) => !(error instanceof PrivateAddressError),
};

/**
 * Checkpoints by HTTP POST, as `{"checkpoints": […]}`; any 2xx says that they are kept. Redirects are not followed, and names
 * that resolve to private addresses are not called unless that is allowed. Three attempts a delivery.
 */
export class WebhookCheckpointSink extends CheckpointSinkPort {
  readonly name = 'webhook';
  private readonly url: URL;

  constructor(private readonly options: WebhookOptions) {
    super();
    this.url = new URL(options.url);
  }

  async deliver(checkpoints: readonly Checkpoint[], stopping?: AbortSignal): Promise<void> {
    const body = JSON.stringify({ checkpoints: checkpoints.map(signedCheckpoint) });
    await pRetry(() => this.post(body, stopping), { ...attempts, ...(stopping && { signal: stopping }) });
  }

  private async post(body: string, stopping: AbortSignal | undefined): Promise<void> {
    const status = await this.statusOf(body, stopping);
    if (status >= 200 && status < 300) return;
    const fault = `The webhook at ${this.url.host} answered ${status} where 2xx was expected.`;
    const mayChange = status >= 500 || status === 408 || status === 429;
    throw mayChange ? new Error(fault) : new AbortError(fault);
  }

  private statusOf(body: string, stopping: AbortSignal | undefined): Promise<number> {
    const { allowPrivate, timeoutMs = 5_000 } = this.options;
    const host = this.url.hostname.replace(/^\[|\]$/g, '');
    if (!allowPrivate && isIP(host) !== 0 && !isPublicAddress(host))
      return Promise.reject(new PrivateAddressError(host));
    const options: RequestOptions = {
      method: 'POST',
      agent: false,
      signal: AbortSignal.any([AbortSignal.timeout(timeoutMs), ...(stopping ? [stopping] : [])]),
      headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
      ...(!allowPrivate && { lookup: publicLookup }),
    };
    return new Promise((settle, fail) => {
      const answered = (answer: IncomingMessage) => {
        // Only the status counts, however long the answer is.
        answer.destroy();
        settle(answer.statusCode ?? 0);
      };
      const send = this.url.protocol === 'https:' ? requestHttps : requestHttp;
      send(this.url, options, answered).once('error', fail).end(body);
    });
  }
}
