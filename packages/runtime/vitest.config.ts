import { tests } from "@mofa/devkit/vitest";

export default tests();
