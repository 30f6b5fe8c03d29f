/** The package's front door loads every database adapter (35 ms, 7 MB); this one file is all that is needed. */
declare module "rate-limiter-flexible/lib/RateLimiterMemory.js" {
  // oxlint-disable-next-line import/no-default-export -- the shape of a package that is not ours
  export { RateLimiterMemory as default } from "rate-limiter-flexible";
}
