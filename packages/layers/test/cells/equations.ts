// The built-in cells, as equations: documents of the library.
import gruBeforeFile from "../../cells/gru.json";
import gruAfterFile from "../../cells/gruResetAfter.json";
import lstmFile from "../../cells/lstm.json";
import rnnFile from "../../cells/rnn.json";
import { cellDocumentSchema } from "../../src/index";

export const lstm = cellDocumentSchema.parse(lstmFile);
export const gruBefore = cellDocumentSchema.parse(gruBeforeFile);
export const gruAfter = cellDocumentSchema.parse(gruAfterFile);
export const rnn = cellDocumentSchema.parse(rnnFile);
