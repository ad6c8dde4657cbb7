/** How compiled code stops a run, and leaves behind what was wrong. */
import { unsigned, type Code } from "./assembler.js";

/** Where a stopped run leaves what was wrong, as i32: the number of the site, the number that was too large, and the limit that it reached. */
const SITE_ADDRESS = 0;
const FOUND_ADDRESS = 4;
const LIMIT_ADDRESS = 8;

/** Writes the report, and traps. `found` puts the number that was too large on the stack. */
export function writeStop(code: Code, site: number, limit: number, found: () => void): void {
  const report = (address: number, value: () => void): void => {
    code.i32(address);
    value();
    code.op(0x36, 2, ...unsigned(0));
  };
  report(SITE_ADDRESS, () => {
    code.i32(site);
  });
  report(FOUND_ADDRESS, found);
  report(LIMIT_ADDRESS, () => {
    code.i32(limit);
  });
  code.op(0x00);
}
