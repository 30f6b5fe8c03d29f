/** The form of `tools.browser`. @module */
import { z } from "zod";

export const browser = z
  .strictObject({
    enabled: z.boolean().default(true),
    memoryMb: z.int().min(256).max(1_048_576).default(2_048),
    processes: z.int().min(128).max(32_768).default(512),
    idleSeconds: z.int().min(1).max(3_600).default(300),
  })
  .prefault({});
