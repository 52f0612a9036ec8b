import * as sdk from "@mofa/sdk";
import * as agents from "@mofa/sdk/agents";
import * as zod from "zod";

/** What a project's own modules may import without installing it: the very modules that the command uses. */
export const shared = { "@mofa/sdk": sdk, "@mofa/sdk/agents": agents, zod };
