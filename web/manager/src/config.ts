/** /config.json of this app. */
import type { components } from "@api/manager";
import { config as loaded } from "@shared/config";

export type Config = components["schemas"]["ManagerConfig"];

export const config = loaded<Config>;
