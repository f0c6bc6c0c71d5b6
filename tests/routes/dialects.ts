/** The routes of every dialect. */
import { dingtalkRoutes } from './dingtalk.ts'
import { pdsRoutes } from './pds.ts'
import type { Routes } from './routes.ts'
import { smhRoutes } from './smh.ts'
import { wpsRoutes } from './wps.ts'

export const DIALECTS: readonly Routes[] = [pdsRoutes, smhRoutes, wpsRoutes, dingtalkRoutes]
