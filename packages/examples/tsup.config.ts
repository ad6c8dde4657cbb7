// Builds dist/ for Node; the settings are shared.
export { node as default } from "../../tsup.base.ts";
