// Properties draw the same values in every run, so that a failure belongs to the change that made it. LATCHGRAD_SEED chooses others.
import { configureGlobal } from "fast-check";

configureGlobal({ seed: Number(process.env["LATCHGRAD_SEED"] ?? 1) });
