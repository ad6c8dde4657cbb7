/** The public surface of @latchgrad/core: re-exports only. */
export {
  derivativePlaces,
  withoutStops,
  type DerivativePlace,
  type DerivativePlacesRequest,
} from "./autodiff/derivative-places.js";
export { checkGradients, type GradientCheck, type GradientCheckOptions } from "./autodiff/check-gradients.js";
export { gradient, type GradientRequest } from "./autodiff/gradient.js";
export { cotangentName, gradientName, pullback, type PullbackRequest } from "./autodiff/pullback.js";
export * from "./errors/errors.js";
export { formatIssue, type Issue, type Location } from "./errors/issue.js";
export type { LoopStep, NonFinite, OperandRange } from "./errors/non-finite.js";
export { joinPointer, type PointerStep } from "./errors/pointer.js";
export { findNearest, suggestName } from "./errors/suggest.js";
export { placeInText } from "./errors/text-place.js";
export {
  buildGraph,
  type BuilderScope,
  type GraphBuilder,
  type NodeRequest,
  type RegionBuilder,
} from "./graph/builder.js";
export { convGeneral, type ConvOptions } from "./graph/convolution.js";
export {
  gelu,
  layerNorm,
  logSigmoid,
  logSoftmax,
  logsumexp,
  matmul,
  mean,
  oneHot,
  relu,
  silu,
  softmax,
  softplus,
  square,
  uniform,
  variance,
  type AxesOption,
  type AxisOption,
} from "./graph/derived.js";
export { einsum } from "./graph/einsum.js";
export { bindGraph } from "./graph/bind.js";
export { evaluate, type Tensors } from "./graph/evaluate.js";
export { graphFromJson } from "./graph/deserialize.js";
export { hashGraph } from "./graph/hash.js";
export type { Interval } from "./graph/bounds.js";
export { inspectLoops, type LoopState, type LoopValue, type LoopView } from "./graph/inspect.js";
export { lastStepOnly, nudgeGraph, nudgeName } from "./graph/nudge.js";
export { parseGraph } from "./graph/parse.js";
export type { Operand, Primitive, Primitives, SimpleOpName } from "./graph/primitives.js";
export { printGraph } from "./graph/print.js";
export {
  graphToJson,
  type JsonAttrValue,
  type JsonGraph,
  type JsonNode,
  type JsonNumber,
  type JsonParam,
  type JsonRegion,
} from "./graph/serialize.js";
export { traceGraph } from "./graph/trace.js";
export { checkGraph, verifyGraph } from "./graph/verify.js";
export { cond, whileLoop, type Branches, type WhileOptions, type WhileRegions } from "./graph/control-builder.js";
export {
  call,
  scan,
  type ScanOptions,
  type ScanResults,
  type StepInputs,
  type StepResults,
} from "./graph/scan-builder.js";
export type { Values } from "./graph/values.js";
export type { Graph, Node, Origin, Output, Param, StatePair, ValueId } from "./ir/graph.js";
export { valueTypes } from "./ir/graph.js";
export { ops, type OpName } from "./ops/index.js";
export type { ConstantAttrs, IotaAttrs, SizeAttrs } from "./ops/constant.js";
export type { Axes, DotAttrs } from "./ops/dot-general.js";
export type { GatherAttrs } from "./ops/gather.js";
export type * from "./ops/op.js";
export type { PrefixAttrs } from "./ops/prefix.js";
export type { AxesAttrs, BroadcastAttrs } from "./ops/reduce.js";
export type { ScanAttrs } from "./ops/scan-inputs.js";
export type { PadAttrs, SliceAttrs } from "./ops/slice.js";
export type { WhileAttrs } from "./ops/while.js";
export type { OverlapAttrs, WindowAttrs, WindowSteps } from "./ops/windows.js";
export type * from "./kernel/kernel.js";
export type { Lanes, LaneType } from "./kernel/lanes.js";
export { portableExp, portableLog } from "./kernel/portable-math.js";
export type { Block, CellStates, Repetition, Statement } from "./notation/block.js";
export { elaborate, elaborateExample, elaborateFormula } from "./notation/elaborate.js";
export { signatureOf, type Call, type NotationFunction, type Parameter } from "./notation/functions/function.js";
export { notationFunctions } from "./notation/functions/index.js";
export { CONSTANTS, STEP, TAKEN, TRAIN } from "./notation/check-expression.js";
export { findNameIssues, type Declaration, type NamedBlock, type NamedDocument } from "./notation/names.js";
export {
  parseEquation,
  parseFormula,
  parseFunction,
  type Equation,
  type Formula,
  type FunctionEquation,
} from "./notation/parse.js";
export {
  numberOf,
  sizeQuantity,
  tensorOf,
  truthOf,
  type ListQuantity,
  type NumberQuantity,
  type Quantity,
  type SizeQuantity,
  type TensorQuantity,
  type TensorScope,
  type TruthQuantity,
} from "./notation/quantity.js";
export { printEquations } from "./notation/print-equations.js";
export type { InnerCell, NotationScope } from "./notation/scope.js";
export type { EquationSource, Facts } from "./notation/source.js";
export type * from "./notation/syntax.js";
export { loopStates, type LoopStates } from "./passes/loop-states.js";
export { allPasses, loopPasses, optimize } from "./passes/index.js";
export { runPasses, type Pass, type PassOptions } from "./passes/pass.js";
export { addDims, multiplyDims, subtractDims, type Dim, type DimBindings } from "./shape/dim.js";
export { toTensor, toTensorData, type NumberArray, type TensorData } from "./shape/tensor-data.js";
export type { Tensor } from "./shape/tensor.js";
export {
  bool,
  DTYPES,
  f32,
  f64,
  formatType,
  i32,
  isFloat,
  isInteger,
  sameDims,
  sameType,
  u32,
  type Dims,
  type DType,
  type FloatDType,
  type TensorType,
} from "./shape/tensor-type.js";
export type { Precision } from "./codegen/lanes-target.js";
export type { AttrKind, Attrs, AttrValue, NoAttrs } from "./ir/attrs.js";
export { compile, type CompileOptions } from "./runtime/compile.js";
export { makeCompileCache, type CompileCache } from "./runtime/compile-cache.js";
export { memoryOf, type MemoryUse, type PlannedTensor } from "./runtime/memory.js";
export {
  formatProfile,
  formatProfileRows,
  makeProfiler,
  type Profile,
  type ProfiledNode,
  type ProfileFormat,
  type ProfileOrigin,
  type Profiler,
  type ProfileRow,
} from "./runtime/profile.js";
export type { Recorded, RecordedPart } from "./runtime/recorder.js";
export type { Executable, TensorsByName } from "./runtime/executable.js";
export { hasRelaxedSimd } from "./runtime/wasm-support.js";
