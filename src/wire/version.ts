/** Which form of the wire this is; every message over a socket or stream says it. @module */

/** Grows only when an old reader would misunderstand a new writer; new fields and new kinds do not. */
export const WIRE_VERSION = 1;
