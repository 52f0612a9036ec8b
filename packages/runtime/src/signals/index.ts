export { type UntilSignalOptions, untilSignal } from "./until-signal.ts";
export {
  type EndReason,
  FAULT_CODE,
  type SignalOptions,
  type SignalSource,
  type SignalWatch,
  type StopSignal,
  watchSignals,
} from "./watch-signals.ts";
