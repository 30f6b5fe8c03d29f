/** Starts a gateway once in a home that is thrown away, so that those of the tests need not be first ones. @module */
import { makePlace, startProcess } from "../test/campaign.ts";
import { keepFirstStart } from "../test/first-start.ts";

/** @throws where it does not start */
export async function warmUp(): Promise<void> {
  const place = makePlace();
  try {
    // On a busy machine a helper is ended before it has written everything; the second one writes the rest.
    for (const _ of ["first", "second"]) await (await startProcess(place)).stop();
    keepFirstStart(place.state);
  } finally {
    place.remove();
  }
}
