/**
 * The error classes. They exist for `catch`; the facts are in `issues`.
 * Whatever Latchgrad throws on purpose is one of these; anything else is a bug in it.
 */
import { formatIssue, type Issue } from "./issue.js";
import type { NonFinite } from "./non-finite.js";

export class LatchgradError extends Error {
  readonly issues: readonly Issue[];

  constructor(issues: readonly Issue[]) {
    super(issues.map(formatIssue).join("\n"));
    this.issues = issues;
    this.name = new.target.name;
  }
}

/** A JSON config is wrong; `at` is a JSON pointer. */
export class ConfigError extends LatchgradError {
  override readonly name = "ConfigError";
}
/** A constraint of an op does not hold for the types or attributes that it was given. */
export class ShapeError extends LatchgradError {
  override readonly name = "ShapeError";
}
/** A graph breaks an invariant, or is used in a way that it does not allow. */
export class GraphError extends LatchgradError {
  override readonly name = "GraphError";
}
/** The text or JSON form of a graph cannot be read. */
export class IrSyntaxError extends LatchgradError {
  override readonly name = "IrSyntaxError";
}
/** There is no derivative along a requested path. */
export class DifferentiationError extends LatchgradError {
  override readonly name = "DifferentiationError";
}
/** A graph cannot be made executable. */
export class CompileError extends LatchgradError {
  override readonly name = "CompileError";
}
/** Wrong or missing inputs, or an impossible value, while a graph runs. */
export class RunError extends LatchgradError {
  override readonly name: string = "RunError";
}
/** A number that is not finite arose in a run that was to be checked for it. State is as it was before the run. */
export class NonFiniteError extends RunError {
  override readonly name = "NonFiniteError";
  readonly found: NonFinite;

  constructor(issues: readonly Issue[], found: NonFinite) {
    super(issues);
    this.found = found;
  }
}

/**
 * Saved weights, or the saved state of a run, cannot be read or written, cannot be trusted, or belong to something else
 * than what reads them.
 */
export class CheckpointError extends LatchgradError {
  override readonly name = "CheckpointError";
}

/** The error for a state that cannot be reached unless Latchgrad itself is wrong. */
export const internalError = (fact: string): Error => new Error(`internal: ${fact}; please report this`);
