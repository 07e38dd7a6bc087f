import { z } from 'zod';
import { JsonObject } from '@app/event-sourcing';
import { InitialTwin, jsonObject } from '../shared/shapes';

const HOST_NAME_CHARACTERS_MAX = 253;

/** Members that are absent or null say nothing; others nobody asked for are passed over. */
const answer = z.object({
  iotHubHostName: z.string().max(HOST_NAME_CHARACTERS_MAX).nullish(),
  initialTwin: z
    .object({ tags: jsonObject.nullish(), properties: z.object({ desired: jsonObject.nullish() }).nullish() })
    .nullish(),
  payload: jsonObject.nullish(),
});

export type WebhookAnswer =
  | { readonly hub: string | null; readonly initialTwin: InitialTwin | null; readonly payload: JsonObject | null }
  /** Status null: what came is no answer, though its status was a good one. */
  | { readonly failure: string; readonly status: number | null };

/** A webhook's answer of any kind (wire contract §5.9). A twin of empty parts is a twin: it stands for a reset to nothing. */
export function readWebhookAnswer(status: number, text: string): WebhookAnswer {
  if (status < 200 || status > 299) return { failure: `the webhook answered with status ${status}`, status };
  const parsed = answer.safeParse(parsedJson(text));
  if (!parsed.success) {
    const where = parsed.error.issues[0]?.path.join('.') ?? '';
    return { failure: `the answer is not as documented${where === '' ? '' : ` at ${where}`}`, status: null };
  }
  const { iotHubHostName, initialTwin, payload } = parsed.data;
  const twin = initialTwin ?? null;
  return {
    hub: iotHubHostName ?? null,
    initialTwin: twin === null ? null : { tags: twin.tags ?? {}, desired: twin.properties?.desired ?? {} },
    payload: payload ?? null,
  };
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
