/** `/domain/*`: what callers may know of the domain they belong to. */
import type { DirectEndpoint, Env } from './call.ts'
import { type Answer, notFound } from './error.ts'
import { type Body, text } from './request.ts'

export const domainGet: DirectEndpoint = {
  url: '/domain/get',
  operation: 'GetDomain',
  coverage: 'partial: no user counts',
  scope: '',
  run: (body, env) =>
    ofOwnDomain(body, env, async () => {
      const { quota, used } = await spaceOf(env)
      return {
        domain_id: env.actor.tenant,
        domain_name: env.actor.tenant,
        data_hash_name: 'sha1',
        size_quota: quota,
        size_quota_used: used,
        used_size: used,
        status: 1,
      }
    }),
}

export const domainGetQuota: DirectEndpoint = {
  url: '/domain/get_quota',
  operation: 'GetDomainQuota',
  coverage: 'partial: no user counts',
  scope: '',
  run: (body, env) =>
    ofOwnDomain(body, env, async () => {
      const { quota, used } = await spaceOf(env)
      return { size_quota: quota, size_used: used }
    }),
}

/** A caller knows of no domain but its own. */
async function ofOwnDomain(body: Body, env: Env, answer: () => Promise<object>): Promise<Answer> {
  const asked = text(body, 'domain_id')
  return asked && asked !== env.actor.tenant ? notFound('domain') : { status: 200, body: await answer() }
}

/** What the domain holds and may hold, bytes; quota 0 = unlimited. Every drive counts in the domain's pool. */
async function spaceOf({ engine, actor }: Env): Promise<{ quota: number; used: number }> {
  const { items } = await engine.listDrives(actor, { owners: null, after: 0, limit: 1 })
  const pool = items[0]?.pools.find(({ kind }) => kind === 'tenant')
  return { quota: pool?.quota ?? 0, used: pool?.used ?? 0 }
}
