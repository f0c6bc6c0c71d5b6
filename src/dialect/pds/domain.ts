/** `/domain/*`: what callers may know of the domain they belong to. */
import type { TenantView } from '../../engine/index.ts'
import type { DirectEndpoint, Env } from './call.ts'
import { type Answer, notFound } from './error.ts'
import { type Body, text } from './request.ts'
import { iso } from './terms.ts'

/** What the vendor calls a domain in order; others are being made, or have run out. */
const NORMAL = 1
/** Quotas say so when there is none. */
const UNLIMITED = 0

export const domainGet: DirectEndpoint = {
  url: '/domain/get',
  operation: 'GetDomain',
  coverage: 'done',
  scope: '',
  decides: true,
  run: (body, env) =>
    ofOwnDomain(body, env, ({ tenant, users, quota, used }) => ({
      domain_id: tenant.id,
      domain_name: tenant.name,
      description: '',
      parent_domain_id: '',
      data_hash_name: 'sha1',
      init_drive_enable: false,
      init_drive_size: 0,
      sharable: true,
      size_quota: quota ?? UNLIMITED,
      size_quota_used: used,
      used_size: used,
      user_count_quota: UNLIMITED,
      user_count_used: users,
      published_app_access_strategy: { effect: 'allow', except_app_id_list: [] },
      status: NORMAL,
      created_at: iso(tenant.createdAt),
      updated_at: iso(tenant.createdAt),
    })),
}

export const domainGetQuota: DirectEndpoint = {
  url: '/domain/get_quota',
  operation: 'GetDomainQuota',
  coverage: 'done',
  scope: '',
  decides: true,
  run: (body, env) =>
    ofOwnDomain(body, env, ({ users, quota, used }) => ({
      size_quota: quota ?? UNLIMITED,
      size_used: used,
      user_count_quota: UNLIMITED,
      user_count_used: users,
    })),
}

/** A caller knows of no domain but its own. */
async function ofOwnDomain(body: Body, { engine, actor }: Env, shown: (own: TenantView) => object): Promise<Answer> {
  const asked = text(body, 'domain_id')
  if (asked && asked !== actor.tenant) return notFound('domain')
  return { status: 200, body: shown(await engine.ownTenant(actor)) }
}
