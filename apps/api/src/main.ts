import 'reflect-metadata';
import { run } from '@app/runtime';

void run();
