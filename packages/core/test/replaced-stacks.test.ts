/** Stacks that take the memory of others: which do, and which must not. That results stay what they are, the tests of compiled graphs say. */
import { describe, expect, test } from "vitest";
import { gradient } from "../src/autodiff/gradient.js";
import { planMemory } from "../src/codegen/plan-memory.js";
import { findReplaced } from "../src/codegen/replaced-stacks.js";
import { graphInF32 } from "./in-f32.js";
import { programOf } from "./compiled-program.js";
import { LSTM_WRT, lstmGraph } from "./recurrent.js";
import { parseGraph } from "../src/graph/parse.js";

const bindings = { T: 6, B: 4 };

/** A loop that reads rows of `x`, made by another loop, and stacks what `body` makes of them as %y. */
const replacedIn = (body: string, results = "%ys", types = "f32[T,B,4]"): number =>
  findReplaced(
    programOf(
      parseGraph(`graph two(%a: f32[B,4], %W: f32[4,4]) -> (${types}) {
  %last, %xs = scan(%a) {carries = 1, checkpoint = 0, consts = 0, length = "T", lengths = "none", reverse = false, truncate = []}: f32[B,4], f32[T,B,4]
    graph first(%h: f32[B,4], %t: i32) -> (f32[B,4], f32[B,4]) {
      %next = tanh(%h): f32[B,4]
      return h = %next, x = %next
    }
  %final, %stack = scan(%W, %last, %xs) {carries = 1, checkpoint = 0, consts = 1, length = "T", lengths = "none", reverse = true, truncate = []}: f32[B,4], f32[T,B,4]
    graph second(%W: f32[4,4], %h: f32[B,4], %x: f32[B,4], %t: i32) -> (f32[B,4], f32[B,4]) {
${body}
      return h = %next, y = %y
    }
  %ys = tanh(%stack): f32[T,B,4]
  return ${results}
}
`),
      bindings,
      "fast",
    ),
  ).size;

const PRODUCT = "dotGeneral(%h, %W) {batchX = [], batchY = [], contractX = [1], contractY = [0]}: f32[B,4]";

describe("a stack takes the memory of one whose rows the same steps read for the last time", () => {
  test("in the same loop over elements", () => {
    expect(replacedIn(`      %y = mul(%x, %h): f32[B,4]\n      %next = tanh(%y): f32[B,4]`)).toBe(1);
  });

  test("not where a row is read behind the writing", () => {
    expect(
      replacedIn(`      %y = mul(%x, %h): f32[B,4]
      %p = dotGeneral(%y, %W) {batchX = [], batchY = [], contractX = [1], contractY = [0]}: f32[B,4]
      %next = mul(%p, %x): f32[B,4]`),
    ).toBe(0);
  });

  test("not where a product reads the row while it writes", () => {
    expect(
      replacedIn(`      %y = dotGeneral(%x, %W) {batchX = [], batchY = [], contractX = [1], contractY = [0]}: f32[B,4]
      %next = mul(%h, %y): f32[B,4]`),
    ).toBe(0);
  });

  test("not where the stack is read later, or leaves", () => {
    const body = `      %p = ${PRODUCT}\n      %y = mul(%x, %p): f32[B,4]\n      %next = tanh(%y): f32[B,4]`;
    expect(replacedIn(body)).toBe(1);
    expect(replacedIn(body, "%ys, %xs", "f32[T,B,4], f32[T,B,4]")).toBe(0);
  });
});

test("the gradient of an LSTM takes the memory of the gates", () => {
  const graph = gradient(lstmGraph({ reads: "steps" }), { of: "loss", wrt: LSTM_WRT });
  const program = programOf(graphInF32(graph), { T: 20, B: 16 }, "fast");
  const replaced = findReplaced(program);
  expect(replaced.size).toBeGreaterThanOrEqual(4);
  const { addresses } = planMemory(program);
  for (const [id, before] of replaced) expect(addresses[id]).toBe(addresses[before]);
});
