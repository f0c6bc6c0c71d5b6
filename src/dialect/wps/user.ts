/** Who the caller is. */
import type { Answer, Call, Route } from './call.ts'
import { refuse } from './error.ts'
import { SCOPES } from './scope.ts'

async function current({ engine, actor, token }: Call): Promise<Answer> {
  const [user] = await engine.users(actor.tenant, [token.user])
  if (!user) return refuse('notLoggedIn')
  return { data: { id: user.id, user_name: user.nick || user.name, avatar: user.avatar, company_id: user.tenant } }
}

export const userRoutes: readonly Route[] = [
  { method: 'GET', path: '/v7/users/current', operation: 'Get current user', scopes: SCOPES.me, handle: current },
]
