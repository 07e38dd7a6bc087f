/**
 * How old a fact about enrollments and linked hubs may be when a device's request is decided, if another process changed it. Shorter
 * than a device's own way here, and it saves a read of the log for each request.
 */
export const RECENT_MS = 100;
