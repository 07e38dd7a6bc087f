import 'reflect-metadata';
import { run } from '@app/runtime';

/** Reference hubs on their own, for a deployment in several processes. */
void run(['hubs']);
