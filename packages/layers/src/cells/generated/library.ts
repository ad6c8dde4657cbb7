// Made from the files of packages/layers/cells by `npm run reference`. Do not edit.
import atr from "../../../cells/atr.json";
import attentionDecoder from "../../../cells/attentionDecoder.json";
import cfn from "../../../cells/cfn.json";
import cifg from "../../../cells/cifg.json";
import clockwork from "../../../cells/clockwork.json";
import coRnn from "../../../cells/coRnn.json";
import convLstm from "../../../cells/convLstm.json";
import deltaNet from "../../../cells/deltaNet.json";
import gatedLinearAttention from "../../../cells/gatedLinearAttention.json";
import gru from "../../../cells/gru.json";
import gruResetAfter from "../../../cells/gruResetAfter.json";
import hyperLstm from "../../../cells/hyperLstm.json";
import indRnn from "../../../cells/indRnn.json";
import irnn from "../../../cells/irnn.json";
import janet from "../../../cells/janet.json";
import liGru from "../../../cells/liGru.json";
import lmu from "../../../cells/lmu.json";
import lru from "../../../cells/lru.json";
import lstm from "../../../cells/lstm.json";
import lstm1997 from "../../../cells/lstm1997.json";
import lstmFullGateRecurrence from "../../../cells/lstmFullGateRecurrence.json";
import lstmLayerNorm from "../../../cells/lstmLayerNorm.json";
import lstmNoForgetGate from "../../../cells/lstmNoForgetGate.json";
import lstmNoInputActivation from "../../../cells/lstmNoInputActivation.json";
import lstmNoInputGate from "../../../cells/lstmNoInputGate.json";
import lstmNoOutputActivation from "../../../cells/lstmNoOutputActivation.json";
import lstmNoOutputGate from "../../../cells/lstmNoOutputGate.json";
import lstmNoPeepholes from "../../../cells/lstmNoPeepholes.json";
import lstmPeephole from "../../../cells/lstmPeephole.json";
import lstmProjection from "../../../cells/lstmProjection.json";
import lstmRecurrentDropout from "../../../cells/lstmRecurrentDropout.json";
import lstmVariational from "../../../cells/lstmVariational.json";
import lstmZoneout from "../../../cells/lstmZoneout.json";
import mLstm from "../../../cells/mLstm.json";
import mgu from "../../../cells/mgu.json";
import miRnn from "../../../cells/miRnn.json";
import minGru from "../../../cells/minGru.json";
import minLstm from "../../../cells/minLstm.json";
import multiplicativeLstm from "../../../cells/multiplicativeLstm.json";
import mut1 from "../../../cells/mut1.json";
import mut2 from "../../../cells/mut2.json";
import mut3 from "../../../cells/mut3.json";
import nestedLstm from "../../../cells/nestedLstm.json";
import neuralTuringMachine from "../../../cells/neuralTuringMachine.json";
import phasedLstm from "../../../cells/phasedLstm.json";
import qrnn from "../../../cells/qrnn.json";
import ran from "../../../cells/ran.json";
import retention from "../../../cells/retention.json";
import rhn from "../../../cells/rhn.json";
import rnn from "../../../cells/rnn.json";
import sLstm from "../../../cells/sLstm.json";
import scrn from "../../../cells/scrn.json";
import selectiveSsm from "../../../cells/selectiveSsm.json";
import sru from "../../../cells/sru.json";
import star from "../../../cells/star.json";
import ugrnn from "../../../cells/ugrnn.json";

/** The documents of the library, as they are in their files; read with the schema when a model uses them. */
export const libraryDocuments: Readonly<Record<string, unknown>> = {
  atr,
  attentionDecoder,
  cfn,
  cifg,
  clockwork,
  coRnn,
  convLstm,
  deltaNet,
  gatedLinearAttention,
  gru,
  gruResetAfter,
  hyperLstm,
  indRnn,
  irnn,
  janet,
  liGru,
  lmu,
  lru,
  lstm,
  lstm1997,
  lstmFullGateRecurrence,
  lstmLayerNorm,
  lstmNoForgetGate,
  lstmNoInputActivation,
  lstmNoInputGate,
  lstmNoOutputActivation,
  lstmNoOutputGate,
  lstmNoPeepholes,
  lstmPeephole,
  lstmProjection,
  lstmRecurrentDropout,
  lstmVariational,
  lstmZoneout,
  mLstm,
  mgu,
  miRnn,
  minGru,
  minLstm,
  multiplicativeLstm,
  mut1,
  mut2,
  mut3,
  nestedLstm,
  neuralTuringMachine,
  phasedLstm,
  qrnn,
  ran,
  retention,
  rhn,
  rnn,
  sLstm,
  scrn,
  selectiveSsm,
  sru,
  star,
  ugrnn,
};
