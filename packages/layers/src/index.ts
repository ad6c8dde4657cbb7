/** The public surface of @latchgrad/layers: re-exports only. */
export type {
  Cell,
  CellDefinition,
  CellShapes,
  CellStartInput,
  CellStep,
  CellStepInput,
  CellStepResult,
  InputSpec,
  Named,
  StateSpec,
  UniformSource,
  WeightSpec,
} from "./cells/cell.js";
export { cells } from "./cells/built-in.js";
export { describeCell, equationLines, type CellDescription } from "./cells/describe-cell.js";
export { readUpdate, type UpdateEquations } from "./cells/read-block.js";
export {
  cellDocumentSchema,
  equationFields,
  numbersField,
  type CellDocument,
  type CellDocumentInput,
  type DocumentRepetition,
  type DocumentStatement,
} from "./cells/document-schema.js";
export {
  cellSchema,
  libraryCells,
  makeCell,
  type CellConfig,
  type CellDocuments,
  type DocumentCellConfig,
} from "./cells/registry.js";
export type { Formats, JsonObject, Migration } from "./config/format.js";
export { jsonSchemaOf, modelJsonSchema, type DescribedSchema } from "./config/json-schema.js";
export { readJsonBytes } from "./config/json-bytes.js";
export { libraryDocuments } from "./cells/generated/library.js";
export { LONGEST_DOCUMENT, readJsonText } from "./config/json-text.js";
export { nameSchema, referenceSchema } from "./config/names.js";
export { readModelConfig, readModelText } from "./config/read-config.js";
export { readModelWith } from "./config/read-model.js";
export { readWithSchema, type ReadOptions } from "./config/read-schema.js";
export { configIssue } from "./config/refuse.js";
export { MODEL_FORMAT, modelFields, modelSchema, type ModelConfig, type ModelDocument } from "./config/schema.js";
export { randomNumbers, type InitializerDefinition, type RandomNumbers, type Seed } from "./init/initializer.js";
export { initializers, initializerSchema, initialValues, type Initializer } from "./init/registry.js";
export { cellDiagram } from "./diagram/cell-diagram.js";
export type { LayerDefinition, LayerOutputs, LayerReference, LayerScope } from "./layers/layer.js";
export {
  compositions,
  layerConfigSchema,
  type GroupConfig,
  type GroupDocument,
  type LayerConfig,
  type LayerDocument,
  type SharedConfig,
  type SharedDocument,
} from "./layers/composition.js";
export { layers, type PlainLayerConfig, type PlainLayerDocument } from "./layers/registry.js";
export type { LayerSummary, Mode } from "./model/assemble.js";
export type { Carry, CarrySpec } from "./model/carries.js";
export { buildModel, describeModel, type GraphOfParts, type Model, type ModelDescription } from "./model/model.js";
export type { PlacedObjective } from "./model/results.js";
export { BEGINS_PARAM, KEY_PARAM, STEP_PARAM, type Signature } from "./model/signature.js";
export type { Better, ObjectiveDefinition, ObjectivePlace } from "./objectives/objective.js";
export {
  betterSideOf,
  losses,
  lossSchema,
  metrics,
  metricSchema,
  objectiveDefinitionOf,
  type ObjectiveConfig,
} from "./objectives/registry.js";
export { initialParam, initialParams, parameterCount, type ParamSpec } from "./params.js";
export { importWeights, type ImportedWeights } from "./weights/import/import-weights.js";
export { mappings, readMapping, type Mapping } from "./weights/import/mapping.js";
export {
  mappingJsonSchema,
  mappingSchema,
  type LayerPattern,
  type MappingDocument,
  type TensorStep,
  type TensorStepDocument,
  type WeightExpression,
  type WeightExpressionDocument,
} from "./weights/import/mapping-schema.js";
export type { ImportingModel } from "./weights/import/targets.js";
export { MODEL_FILES, readModelFolder, type ModelFolder, type ReadyModel } from "./weights/model-folder.js";
export { readWeights } from "./weights/model-weights.js";
export {
  decodeSafetensors,
  formatStored,
  readSafetensors,
  readTensor,
  type SafetensorsFile,
  type StoredTensor,
} from "./weights/safetensors-reader.js";
export { encodeSafetensors } from "./weights/safetensors.js";
