/** A program: what `lower` makes of a graph and `module` of bytes. Kernel calls and loops over places in memory. */
import type { Location } from "../errors/issue.js";
import type { DType } from "../shape/tensor-type.js";
import type { Code, Local } from "./assembler.js";
import type { Sharing } from "./sharing.js";

/** A block of steps: the whole program, the body of a loop, or a branch. */
export interface Block {
  readonly parent: Block | undefined;
  readonly loop: Loop | undefined;
  readonly steps: Step[];
}

export interface Loop {
  readonly count: number;
  readonly reverse: boolean;
  readonly body: Block;
}

/** A new loop inside a block, to be appended to it once its body is full. */
export function loopIn(parent: Block, count: number, reverse: boolean): Loop {
  const body: Block & { loop: Loop | undefined } = { parent, loop: undefined, steps: [] };
  const loop: Loop = { count, reverse, body };
  body.loop = loop;
  return loop;
}

/** A piece of memory, placed by the plan. */
export interface Buffer {
  readonly id: number;
  readonly bytes: number;
  /** Where it belongs: it keeps its contents while this block runs. */
  readonly home: Block;
  /** Kept from run to run, and never shared. */
  readonly persistent: boolean;
  /** Each thread has one of its own. */
  readonly perThread: boolean;
}

/** An address: a buffer, an offset in bytes, and for each loop around it the bytes from one step to the next. */
export interface Place {
  readonly buffer: Buffer;
  readonly offset: number;
  readonly perStep: readonly { readonly loop: Loop; readonly bytes: number }[];
}

/** An address that a kernel is given: what `base` holds, if there is one, and bytes that are known. */
export interface Address {
  readonly base: Local | undefined;
  readonly bytes: number;
}

/** A function of addresses. Equal keys mean equal bodies, for equal addresses. */
export interface Kernel {
  readonly key: string;
  readonly arity: number;
  /**
   * Whether it is written for the addresses of each of its calls, where it has many of them: what is known of an address is in its code.
   * Otherwise every address is a parameter.
   */
  readonly takesPlaces?: boolean;
  /**
   * Of two of its arguments, the first only read and the second only written, when they are the same memory: whether it computes what it would with
   * memory of their own for both. Absent: never.
   */
  meets?(read: number, written: number): boolean;
  /** Writes the body, for as many addresses as `arity` says. */
  write(code: Code, addresses: readonly Address[]): void;
  /** What is asked for only when several threads run the program. */
  sharing(): Sharing<Kernel>;
  /** Multiplications and additions that it carries out, where that says something. */
  readonly flops?: number;
}

/** The body of a kernel as a function of which every address is a parameter. */
export const withPointers =
  ({ write }: Pick<Kernel, "write">) =>
  (code: Code): void => {
    write(
      code,
      code.params.map((base) => ({ base, bytes: 0 })),
    );
  };

export type Step =
  | { readonly kind: "call"; readonly kernel: Kernel; readonly args: readonly Place[] }
  | { readonly kind: "loop"; readonly loop: Loop }
  /** Stores the index of the current step of a loop. */
  | { readonly kind: "index"; readonly loop: Loop; readonly place: Place }
  /** One of two blocks, as the mask at the place says. */
  | { readonly kind: "branch"; readonly condition: Place; readonly then: Block; readonly otherwise: Block }
  /** In a loop's own block: ends the loop, unless the mask at the place is set; set in the last step, it stops the run. */
  | { readonly kind: "leave"; readonly loop: Loop; readonly unless: Place; readonly site: number }
  /** From here on state changes, so nothing may stop the run any more. */
  | { readonly kind: "commit" }
  /** Tells the host that it was reached, and the address of the place. Only in programs that are observed. */
  | { readonly kind: "probe"; readonly id: number; readonly place: Place | undefined };

/** The places that a step itself reads or writes; those of blocks inside are theirs. */
export function placesOf(step: Step): readonly Place[] {
  switch (step.kind) {
    case "call":
      return step.args;
    case "index":
      return [step.place];
    case "branch":
      return [step.condition];
    case "leave":
      return [step.unless];
    case "probe":
      return step.place === undefined ? [] : [step.place];
    case "loop":
    case "commit":
      return [];
    default:
      return step satisfies never;
  }
}

/** A tensor that enters or leaves. */
export interface Port {
  readonly name: string;
  readonly dtype: DType;
  readonly dims: readonly number[];
  readonly buffer: Buffer;
}

/** What may stop a run: a node, for an index from data out of range or for more steps than its limit; an output that is not finite. */
export type Site =
  | { readonly stops: "index" | "limit"; readonly op: string; readonly at: Location }
  | { readonly stops: "finite"; readonly output: string };

export interface Program {
  readonly main: Block;
  readonly buffers: readonly Buffer[];
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  readonly sites: readonly Site[];
  /** Whether it has probes. */
  readonly isObserved: boolean;
  /** Tensors that are in memory before the first run. */
  readonly constants: readonly { readonly port: Port; readonly data: readonly number[] }[];
}
