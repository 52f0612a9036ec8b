/** For tests: a kernel whose time stands still, doubles, and the contract lists of every kind. */
export { type FakeClock, fakeClock } from "./clock.ts";
export * from "./contracts/index.ts";
export { countedIds, seededRandom } from "./ids.ts";
export { type TestKernel, testKernel } from "./kernel.ts";
export { leakGuard } from "./leaks.ts";
export { type ScriptedModel, type ScriptedReply, scriptedModel } from "./scripted-model.ts";
