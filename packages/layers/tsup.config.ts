// Builds dist/ for browsers and Node alike; the settings are shared.
export { portable as default } from "../../tsup.base.ts";
